"""From discovered labels to targets."""

import pytest

from model.relabel import Action, RelabelRule
from scraper.discovery.groups import TargetGroup
from scraper.errors import TargetError
from scraper.job import ScrapeJob
from scraper.targets import build_targets
from tests.scraper.site import target_of


def group(*addresses: str, **labels: str) -> TargetGroup:
    return TargetGroup("0", tuple({"__address__": each} for each in addresses), labels)


def test_discovered_labels_are_the_target_then_the_group_then_the_job():
    job = ScrapeJob("j", scrape_interval_ms=90_000, params={"m": ("a", "b"), "none": ()})
    found = TargetGroup(
        "0", ({"__address__": "a:1", "x": "target"},), {"x": "group", "y": "group", "job": ""}
    )
    (target,) = build_targets(job, [found]).active
    assert dict(target.discovered) == {
        "__address__": "a:1",
        "__always_scrape_classic_histograms__": "false",
        "__convert_classic_histograms_to_nhcb__": "false",
        "__metrics_path__": "/metrics",
        "__param_m": "a",
        "__scheme__": "http",
        "__scrape_interval__": "1m30s",
        "__scrape_native_histograms__": "false",
        "__scrape_timeout__": "10s",
        "job": "j",
        "x": "target",
        "y": "group",
    }
    assert target.public_labels == (("instance", "a:1"), ("job", "j"), ("x", "target"), ("y", "group"))


def test_the_url_has_the_parameters_of_job_and_labels_in_order_of_their_names():
    job = ScrapeJob("j", params={"module": ("a", "b"), "z": ("q r",)}, metrics_path="/p")
    target = target_of(job, "h:1", __param_module="over", __param_new="n/1")
    assert target.url == "http://h:1/p?module=over&module=b&new=n%2F1&z=q+r"


@pytest.mark.parametrize(
    ("path", "wanted"), [("/a b", "/a%20b"), ("m", "/m"), ("/a?b#c", "/a%3Fb%23c"), ("/%41", "/%2541")]
)
def test_the_path_is_taken_as_a_path(path, wanted):
    assert target_of(ScrapeJob("j", metrics_path=path), "h").url == f"http://h{wanted}"


def test_meta_labels_end_with_relabelling_and_others_with_underscores_stay_hidden():
    rules = (RelabelRule(source_labels=("__meta_zone",), target_label="zone"),)
    job = ScrapeJob("j", relabel_rules=rules)
    target, *_ = build_targets(job, [group("a", __meta_zone="z", __tmp="t")]).active
    labels = dict(target.labels)
    assert (labels["zone"], labels["__tmp"], labels["instance"]) == ("z", "t", "a")
    assert "__meta_zone" not in labels
    assert "__tmp" not in dict(target.public_labels)


def test_what_relabelling_drops_is_kept_apart():
    rules = (RelabelRule(source_labels=("__address__",), regex="b.*", action=Action.DROP),)
    targets = build_targets(ScrapeJob("j", relabel_rules=rules), [group("a", "b1", "b2")])
    assert [dict(target.labels)["__address__"] for target in targets.active] == ["a"]
    assert [dict(labels)["__address__"] for labels in targets.dropped] == ["b1", "b2"]
    assert not targets.failures


def test_equal_targets_are_one():
    targets = build_targets(ScrapeJob("j"), [group("a", "b"), group("a")])
    assert [dict(target.labels)["instance"] for target in targets.active] == ["a", "b"]


def test_identity_tells_labels_and_urls_apart():
    job = ScrapeJob("j")
    same = {target_of(job, "a", x="1").identity for _ in range(2)}
    others = {
        target_of(job, "a", x="2").identity,
        target_of(job, "b", x="1").identity,
        target_of(job, "a").identity,
    }
    assert len(same) == 1
    assert len(same | others) == 4


REFUSALS = [
    ({"__address__": ""}, "no address"),
    ({"__address__": "http://x"}, '"http://x" is not a valid hostname'),
    ({"__scrape_interval__": "x"}, 'error parsing scrape interval: not a valid duration string: "x"'),
    ({"__scrape_timeout__": "1x"}, 'error parsing scrape timeout: unknown unit "x" in duration "1x"'),
    ({"__scrape_interval__": "0s"}, "scrape interval cannot be 0"),
    ({"__scrape_timeout__": "0s"}, "scrape timeout cannot be 0"),
    (
        {"__scrape_interval__": "5s", "__scrape_timeout__": "10s"},
        'scrape timeout cannot be greater than scrape interval ("10s" > "5s")',
    ),
    (
        {"__scrape_native_histograms__": "maybe"},
        'label __scrape_native_histograms__: want "true" or "false", got "maybe"',
    ),
]


@pytest.mark.parametrize(("labels", "message"), REFUSALS)
def test_labels_that_make_no_target_are_refused(labels, message):
    with pytest.raises(TargetError) as caught:
        target_of(ScrapeJob("j"), labels.get("__address__", "a"), **labels)
    assert str(caught.value) == message


def test_a_bad_target_is_named_and_disturbs_no_other():
    targets = build_targets(
        ScrapeJob("j"), [group("a"), TargetGroup("src", ({"__address__": "b"}, {"x": "y"}))]
    )
    assert len(targets.active) == 2
    assert targets.failures == ("instance 1 in group src: no address",)
