"""What a target is offered, in the words of the reference."""

import pytest

from scraper.protocols import DEFAULT_PROTOCOLS, PROTO_FIRST, accept_header, readable

OFFERS = [
    (
        DEFAULT_PROTOCOLS,
        ("application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
        "application/openmetrics-text;version=0.0.1;q=0.5,"
        "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2"),
    ),
    (
        PROTO_FIRST,
        ("application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.6,"
        "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,"
        "application/openmetrics-text;version=0.0.1;q=0.4,"
        "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1"),
    ),
]  # fmt: skip


@pytest.mark.parametrize(("protocols", "header"), OFFERS)
def test_the_accept_header_is_the_one_of_the_reference(protocols, header):
    assert accept_header(protocols, "allow-utf-8") == header


def test_only_what_has_a_parser_is_offered():
    assert readable(PROTO_FIRST) == ("PrometheusText1.0.0", "PrometheusText0.0.4")
