"""The question: the language of PromQL, its plans and its evaluation."""
