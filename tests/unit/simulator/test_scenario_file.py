import math
from pathlib import Path

import pytest

from watcher.simulator.distributions import Distribution, Fixed, Lognormal, Triangular, Uniform
from watcher.simulator.faults import Fault
from watcher.simulator.hints import HintKind, HintSettings
from watcher.simulator.quota import Quota
from watcher.simulator.scenario import LOW_SCORE, Ending, Scenario
from watcher.simulator.scenario_file import ScenarioError, load_scenario, parse_scenario
from watcher.simulator.sessions import BoundingBox
from watcher.simulator.wire import CREATE, GET

EXAMPLE = Path(__file__).parents[3] / "config" / "scenario.example.toml"


def test_an_empty_file_is_the_default_scenario() -> None:
    assert parse_scenario("") == Scenario.default()


def test_every_key_of_an_ending_is_read() -> None:
    scenario = parse_scenario("""
        [[endings]]
        name = "n"
        weight = 2
        status = "FAILED"
        created_for = 1.5
        in_progress_for = { median = 8, sigma = 0.4 }
        confidence = { uniform = [99, 90] }
        reference_image = false
        audit_images = 2
        bounding_box = { width = 1.1, left = -0.2 }
        feedback = ["LOW_LIGHTING_DETECTED"]
        sdk_type = "web"
        policy = "payout"
        faults = [{ kind = "not_found", first_polls = 1 }]
    """)
    assert scenario.endings == (
        Ending(
            "n",
            2,
            "FAILED",
            Fixed(1.5),
            Lognormal(8, 0.4),
            Uniform(90, 99),
            reference_image=False,
            audit_images=2,
            bounding_box=BoundingBox(width=1.1, left=-0.2),
            feedback=("LOW_LIGHTING_DETECTED",),
            sdk_type="web",
            faults=(Fault("not_found", first_polls=1),),
            policy="payout",
        ),
    )


def test_every_key_of_faults_quotas_and_the_rest_is_read() -> None:
    scenario = parse_scenario("""
        seed = -3
        expired_for = inf
        image_size = 204800
        validation_error = "InvalidParameterException"
        [hints]
        kind = "mixed"
        share = 0.5
        delay = { median = 1, sigma = 0.2 }
        early = 0.1
        unknown = 1
        [[faults]]
        kind = "throttle"
        operation = "*"
        probability = 0.5
        calls = [3, 9]
        http = 500
        [[faults]]
        kind = "drip"
        operation = "CreateFaceLivenessSession"
        calls = [4]
        part = "headers"
        seconds = 0.25
        [[faults]]
        kind = "unknown_status"
        value = "DONE"
        [[quotas]]
        rate = 25
        [[quotas]]
        operation = "CreateFaceLivenessSession"
        rate = 2.5
        burst = 9
        after = 60
        error = "ThrottlingException"
    """)
    assert (scenario.seed, scenario.expired_for, scenario.image_size) == (-3, math.inf, 204_800)
    assert scenario.hints == HintSettings(HintKind.MIXED, 0.5, Lognormal(1, 0.2), 0.1, 1)
    assert scenario.validation_error == "InvalidParameterException"
    assert scenario.faults == (
        Fault("throttle", operation=None, probability=0.5, from_call=3, to_call=9, http=500),
        Fault("drip", operation=CREATE, from_call=4, part="headers", seconds=Fixed(0.25)),
        Fault("unknown_status", value="DONE"),
    )
    assert scenario.quotas == (Quota(GET, 25), Quota(CREATE, 2.5, 9, 60, "ThrottlingException"))


@pytest.mark.parametrize(
    ("ending", "score"),
    [
        ('feedback = ["LOW_LIGHTING_DETECTED"]', LOW_SCORE),
        ('feedback = ["LOW_LIGHTING_DETECTED"]\nconfidence = 97', Fixed(97)),
        ("feedback = []", Fixed(99.5)),
    ],
)
def test_feedback_comes_with_a_low_score_unless_the_file_says_otherwise(ending: str, score: Distribution) -> None:
    assert parse_scenario(f"[[endings]]\n{ending}\n").endings[0].confidence == score


def test_a_triangular_distribution_may_be_given_in_any_order() -> None:
    scenario = parse_scenario("[[endings]]\nin_progress_for = { triangular = [8, 4, 5] }\n")
    assert scenario.endings[0].in_progress_for == Triangular(4, 5, 8)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("sed = 1", "sed = 1: no such key; known are endings, seed, faults"),
        ("seed = 1.5", "seed = 1.5: give a whole number"),
        ("image_size = 10", "image_size = 10: give a whole number from 256 to 204800"),
        ("expired_for = -1", "expired_for = -1: give a number of 0 or more"),
        ("expired_for = nan", "expired_for = nan: give a number of 0 or more"),
        ("validation_error = 'X'", "validation_error = 'X': use one of ValidationException"),
        ("endings = [{weight = inf}]", "endings[1].weight = inf: give a number from 0 to 1000000"),
        ("endings = [{created_for = {median = 1, sigma = 99}}]", "endings[1].created_for = {'median'"),
        ("quotas = [{rate = inf}]", "quotas[1].rate = inf: give a number from 0 to 1000000"),
        ("endings = 3", "endings = 3: give a list of tables, written [[endings]] or {...}"),
        ("endings = [{weight = 0}]", "endings: every weight is 0, so none can happen"),
        ("endings = [{}, {weight = true}]", "endings[2].weight = True: give a number from 0 to 1000000"),
        ("endings = [{status = 'SUCCEDED'}]", "(did you mean SUCCEEDED?)"),
        ("endings = [{confidence = 101}]", "endings[1].confidence = 101: give a number, { uniform ="),
        ("endings = [{created_for = 'x'}]", "endings[1].created_for = 'x': give a number, { uniform ="),
        ("endings = [{created_for = {median = 0, sigma = 1}}]", "endings[1].created_for = {'median'"),
        ("endings = [{created_for = {uniform = [1]}}]", "endings[1].created_for = {'uniform': [1]}"),
        ("endings = [{created_for = {triangular = [1, 2]}}]", "endings[1].created_for = {'triangular': [1, 2]}"),
        ("endings = [{created_for = {triangular = [1, 2, inf]}}]", "endings[1].created_for = {'triangular'"),
        ("endings = [{audit_images = 5}]", "audit_images = 5: give a whole number from 0 to 4"),
        ("endings = [{reference_image = 1}]", "reference_image = 1: give true or false"),
        ("endings = [{feedback = ['DARK']}]", "feedback = ['DARK']: DARK is not known; use FACE_NOT_VISIBLE"),
        (f"endings = [{{feedback = {['FACE_NOT_VISIBLE'] * 11}}}]", "give at most 10 codes"),
        (f"endings = [{{sdk_type = '{'x' * 65}'}}]", "give at most 64 characters"),
        ("endings = [{bounding_box = {with = 1}}]", "bounding_box.with = 1: no such key"),
        ("endings = [{faults = [{kind = 'x'}]}]", "endings[1].faults[1].kind = 'x': use one of throttle"),
        ("faults = [{}]", "faults[1].kind = None: is missing; use one of throttle"),
        ("faults = [{kind = 'reset', probability = 2}]", "probability = 2: give a number from 0 to 1"),
        ("faults = [{kind = 'reset', calls = [5, 2]}]", "calls = [5, 2]: give [first, last] or [first]"),
        ("faults = [{kind = 'reset', value = 'x'}]", "value = 'x': reset takes none; leave it out"),
        ("faults = [{kind = 'throttle', http = 200}]", "http = 200: give a whole number from 400 to 599"),
        ("hints = 1", "hints = 1: give a table, { name = value }"),
        ("hints = {kind = 'sns'}", "hints.kind = 'sns': use one of s3, message, mixed"),
        ("hints = {share = 1.5}", "hints.share = 1.5: give a number from 0 to 1"),
        ("hints = {share = nan}", "hints.share = nan: give a number from 0 to 1"),
        ("hints = {early = -1}", "hints.early = -1: give a number from 0 to 1"),
        ("hints = {unknown = '1'}", "hints.unknown = '1': give a number from 0 to 1"),
        ("hints = {delay = -1}", "hints.delay = -1: give a number, { uniform ="),
        ("hints = {delays = 1}", "hints.delays = 1: no such key; known are kind, share, delay, early, unknown (did"),
        ("endings = [{policy = 1}]", 'endings[1].policy = 1: give a string in "quotes"'),
        ("quotas = [{}]", "quotas[1].rate = None: is missing; give calls a second, 0 for no limit"),
        ("quotas = [{rate = 1, operation = 'Get'}]", "quotas[1].operation = 'Get': use one of Create"),
    ],
)
def test_a_mistake_is_told_with_key_value_and_fix(text: str, problem: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        parse_scenario(text, "my.toml")
    assert len(caught.value.problems) == 1
    assert caught.value.problems[0].startswith("my.toml: ")
    assert problem in caught.value.problems[0]


def test_all_mistakes_are_told_at_once() -> None:
    with pytest.raises(ScenarioError) as caught:
        parse_scenario("image_size = 1\nexpired_for = 'x'\nbogus = 1")
    assert len(caught.value.problems) == 3


def test_what_is_not_toml_is_told_with_its_place() -> None:
    with pytest.raises(ScenarioError, match=r"f\.toml: not TOML: .*line 1"):
        parse_scenario("seed = = 1\n", "f.toml")


def test_a_file_that_is_not_there_is_told_by_name(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match=r"no\.toml: cannot be read \(No such file or directory\)"):
        load_scenario(tmp_path / "no.toml")


def test_a_file_that_is_no_text_is_told(tmp_path: Path) -> None:
    (tmp_path / "b.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(ScenarioError, match="it is not UTF-8 text"):
        load_scenario(tmp_path / "b.toml")


def test_the_documented_example_is_valid() -> None:
    scenario = load_scenario(EXAMPLE)
    assert [ending.name for ending in scenario.endings] == ["live", "spoof", "dark", "walked-away", "no-picture"]
    assert len(scenario.quotas) == 3
