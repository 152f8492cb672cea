"""From reductions of the grammar to nodes of the tree.

A method is called when the parser has read one alternative of `grammar.lark` whole, and gets the values of
its symbols. So mistakes that need no types are found in the order of the text, as in Prometheus.
"""
