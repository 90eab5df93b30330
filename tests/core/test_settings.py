"""Settings in layers: who wins, where a value came from, and the sentence for every kind of mistake."""

import copy
import pickle
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from workbench.core.errors import SettingsError
from workbench.core.schema import SPECS, client_address
from workbench.core.settings import Settings, describe, load_settings

CONFIG = Path(__file__).parents[2] / "config"
Load = Callable[..., Settings]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Settings from files written here: `load({"system.yaml": "…"}, environ={…}, overrides={…})`."""
    folder = tmp_path / "config"
    folder.mkdir()

    def _load(
        files: Mapping[str, str | bytes] | None = None,
        environ: Mapping[str, str] | None = None,
        overrides: Mapping[str, Any] | None = None,
    ) -> Settings:
        for name, text in (files or {}).items():
            (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())
        return load_settings(config_dir=folder, environ=environ or {}, overrides=overrides)

    return _load


def sentence_of(load: Load, *args: Any, **kwargs: Any) -> str:
    with pytest.raises(SettingsError) as caught:
        load(*args, **kwargs)
    assert "\n" not in str(caught.value)
    return str(caught.value)


# ---- layers and origins


def test_each_layer_goes_before_the_one_below_it(load: Load) -> None:
    layers: list[tuple[dict[str, Any], str]] = [
        ({}, "default"),
        ({"files": {"system.yaml": "reasoning:\n  seed: 1\n"}}, "config/system.yaml:2"),
        ({"files": {"advanced_agent.yaml": "# two\n\nreasoning:\n  seed: 2\n"}}, "config/advanced_agent.yaml:4"),
        ({"files": {".env": "\n# three\n\nWORKBENCH_REASONING_SEED=3\n"}}, "config/.env:4"),
        ({"files": {"gpu_config.env": "export WORKBENCH_REASONING_SEED='4'\n"}}, "config/gpu_config.env:1"),
        ({"environ": {"WORKBENCH_REASONING_SEED": "5"}}, "environment WORKBENCH_REASONING_SEED"),
        ({"overrides": {"reasoning.seed": 6}}, "argument"),
    ]
    given: dict[str, Any] = {}
    for seed, (layer, origin) in enumerate(layers):
        given |= layer
        settings = load(**given)
        assert (settings.reasoning.seed, str(settings.origins["reasoning.seed"])) == (seed, origin)


def test_an_origin_says_layer_file_and_line(load: Load, tmp_path: Path) -> None:
    origin = load({".env": "\n\nWORKBENCH_LOG_LEVEL=debug"}).origins["log_level"]
    assert (origin.layer, origin.file, origin.line) == (".env", tmp_path / "config" / ".env", 3)


def test_every_setting_has_an_origin_and_a_missing_folder_of_files_leaves_defaults(load: Load) -> None:
    settings = load()
    assert set(settings.origins) == set(SPECS)
    assert {str(origin) for origin in settings.origins.values()} == {"default"}


def test_an_argument_of_none_is_not_given(load: Load) -> None:
    settings = load(environ={"WORKBENCH_MODEL_NAME": "llama3"}, overrides={"model.name": None})
    assert settings.model.name == "llama3"


def test_an_empty_value_takes_an_optional_setting_back(load: Load) -> None:
    files = {"advanced_agent.yaml": "model:\n  name: llama3\n"}
    assert load(files).model.name == "llama3"
    assert load(files, environ={"WORKBENCH_MODEL_NAME": ""}).model.name is None
    assert load(files | {"gpu_config.env": "WORKBENCH_MODEL_NAME="}).model.name is None


def test_a_scalar_is_read_as_it_is_written_not_as_yaml_guesses(load: Load) -> None:
    settings = load({"system.yaml": "model: {name: 010, threads: '2'}\nollama:\n  keep_alive: 300\n"})
    assert (settings.model.name, settings.model.threads, settings.ollama.keep_alive) == ("010", 2, "300")


def test_a_section_with_all_its_keys_commented_out_is_empty(load: Load) -> None:
    assert load({"system.yaml": "model:\n#  threads: 2\nollama: {}\n"}).model.threads == 0


@pytest.mark.parametrize("text", ["", "# only a comment\n", "---\n", "\ufeff"])
def test_an_empty_yaml_file_is_an_empty_layer(load: Load, text: str) -> None:
    assert load({"system.yaml": text}).log_level == "INFO"


def test_a_dollar_in_an_env_file_stays_as_it_is(load: Load) -> None:
    url = "postgresql://agent:a$HOME${X}#b@db/agent"
    assert load({".env": f"WORKBENCH_MEMORY_DATABASE_URL={url}"}).memory.database_url == url


def test_settings_are_frozen_and_can_be_copied_and_pickled(load: Load) -> None:
    settings = load(overrides={"reasoning.seed": 9})
    with pytest.raises(Exception, match="frozen"):
        settings.model.threads = 3
    with pytest.raises(TypeError):
        settings.origins["reasoning.seed"] = settings.origins["home"]  # type: ignore[index]
    for twin in (copy.deepcopy(settings), pickle.loads(pickle.dumps(settings))):
        assert twin == settings
        assert str(twin.origins["reasoning.seed"]) == "argument"


# ---- home and the folder of files


def test_a_relative_home_in_a_file_counts_from_the_folder_above_config(load: Load, tmp_path: Path) -> None:
    assert load({".env": "WORKBENCH_HOME=var"}).home == tmp_path / "var"


def test_a_relative_home_elsewhere_counts_from_the_current_folder(
    load: Load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    assert load(environ={"WORKBENCH_HOME": "var"}).home == tmp_path / "here" / "var"
    assert load(overrides={"home": Path("elsewhere")}).home == tmp_path / "here" / "elsewhere"


def test_a_tilde_in_home_is_opened(load: Load) -> None:
    assert load(environ={"WORKBENCH_HOME": "~/agent"}).home == Path.home() / "agent"
    assert "must be a folder" in sentence_of(load, environ={"WORKBENCH_HOME": "~nobody-of-this-name/agent"})


def test_an_empty_home_is_refused_rather_than_taken_as_the_current_folder(load: Load) -> None:
    assert sentence_of(load, environ={"WORKBENCH_HOME": ""}) == (
        "environment: 'WORKBENCH_HOME' is empty, but must be a folder; correct the variable or unset it"
    )


def test_the_config_folder_is_the_one_named_then_the_one_here_then_the_checkouts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, seed in (("named", 1), ("config", 2)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "system.yaml").write_text(f"reasoning: {{seed: {seed}}}")
    monkeypatch.chdir(tmp_path)
    assert load_settings(environ={"WORKBENCH_CONFIG_DIR": "named"}).reasoning.seed == 1
    assert load_settings(environ={}).reasoning.seed == 2
    monkeypatch.chdir(tmp_path / "named")
    origin = load_settings(environ={}).origins["hardware.budget_gib"]
    assert origin.file == CONFIG / "system.yaml"


@pytest.mark.parametrize("name", ["", "gone"])
def test_a_named_config_folder_that_is_not_there_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SettingsError, match=f"WORKBENCH_CONFIG_DIR names '{name}', which is not a folder"):
        load_settings(environ={"WORKBENCH_CONFIG_DIR": name})


# ---- unknown keys


def test_an_unknown_key_names_file_line_and_key_and_the_nearest_one(load: Load) -> None:
    assert sentence_of(load, {"system.yaml": "hardware:\n  budget_gib: 6\n  safe_gb: 5\n"}) == (
        "config/system.yaml line 3: 'hardware.safe_gb' is not a setting; did you mean 'hardware.safe_gib'?"
    )


def test_an_unknown_section_is_refused_at_its_key(load: Load) -> None:
    sentence = sentence_of(load, {"advanced_agent.yaml": "modle:\n  backend: auto\n"})
    assert sentence == (
        "config/advanced_agent.yaml line 2: 'modle.backend' is not a setting; did you mean 'model.backend'?"
    )


def test_an_unknown_key_like_no_other_says_to_remove_the_line(load: Load) -> None:
    assert sentence_of(load, {"system.yaml": "zzz: {}"}) == (
        "config/system.yaml line 1: 'zzz' is not a setting; correct the line or remove it"
    )


def test_an_unknown_variable_is_refused_in_the_environment_and_in_env_files(load: Load) -> None:
    wrong = "'WORKBENCH_MODEL_BAKEND' is not a setting; did you mean 'WORKBENCH_MODEL_BACKEND'?"
    assert sentence_of(load, environ={"WORKBENCH_MODEL_BAKEND": "ollama"}) == f"environment: {wrong}"
    assert sentence_of(load, {".env": "# one\nWORKBENCH_MODEL_BAKEND=ollama"}) == f"config/.env line 2: {wrong}"


def test_an_unknown_argument_is_refused(load: Load) -> None:
    assert "did you mean 'model.backend'?" in sentence_of(load, overrides={"backend": "ollama"})


def test_the_config_folder_cannot_be_named_inside_itself(load: Load) -> None:
    sentence = sentence_of(load, {".env": "WORKBENCH_CONFIG_DIR=/etc"})
    assert sentence.startswith("config/.env line 1: 'WORKBENCH_CONFIG_DIR' is not a setting")
    assert "set it in the environment" in sentence


def test_other_programs_variables_are_left_alone(load: Load) -> None:
    assert load(environ={"PATH": "/bin", "MODEL_BACKEND": "x", "OLLAMA_MODELS": "/m"}).model.backend == "auto"


# ---- wrong types


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        (
            "reasoning:\n  max_tokens: 0",
            "'reasoning.max_tokens' is '0', but must be a whole number of at least 1 (tokens)",
        ),
        (
            "reasoning:\n  vote_temperature: 0",
            "'reasoning.vote_temperature' is '0', but must be a number above 0 and at",
        ),
        ("hardware:\n  safe_gib: lots", "'hardware.safe_gib' is 'lots', but must be a number above 0 (GiB)"),
        ("hardware:\n  safe_gib: .inf", "'hardware.safe_gib' is '.inf', but must be a number above 0 (GiB)"),
        ("hardware:\n  safe_gib: nan", "'hardware.safe_gib' is 'nan', but must be a number above 0 (GiB)"),
        ("hardware:\n  safe_gib:", "'hardware.safe_gib' is empty, but must be a number above 0 (GiB)"),
        ("model:\n  threads: true", "'model.threads' is 'true', but must be a whole number from 0 to 1024 (threads)"),
        ("model:\n  threads: 1.5", "'model.threads' is '1.5', but must be a whole number from 0 to 1024 (threads)"),
        ("model:\n  threads: -1", "'model.threads' is '-1', but must be a whole number from 0 to 1024 (threads)"),
        ("model:\n  name: [a, b]", "'model.name' is a list, but must be text"),
        ("model:\n  name: {a: b}", "'model.name' is a section, but must be text"),
        ("model:\n  backend: openai", "'model.backend' is 'openai', but must be one of auto, ollama, embedded"),
        ("ollama:\n  keep_alive: soon", "'ollama.keep_alive' is 'soon', but must be a duration such as 30s, 5m, 1h30m"),
    ],
)
def test_a_wrong_type_names_file_line_key_value_and_what_it_must_be(load: Load, text: str, wrong: str) -> None:
    sentence = sentence_of(load, {"system.yaml": text})
    assert sentence.startswith(f"config/system.yaml line 2: {wrong}")
    assert sentence.endswith("; correct the line or remove it")


def test_a_wrong_value_is_refused_even_where_a_higher_layer_replaces_it(load: Load) -> None:
    sentence = sentence_of(load, {"system.yaml": "model: {threads: all}"}, overrides={"model.threads": 2})
    assert sentence.startswith("config/system.yaml line 1: 'model.threads' is 'all'")


@pytest.mark.parametrize(("value", "found"), [(True, "'True'"), ([2], "a list"), ("two", "'two'")])
def test_a_wrong_argument_is_refused(load: Load, value: object, found: str) -> None:
    sentence = sentence_of(load, overrides={"model.threads": value})
    assert sentence.startswith(f"argument: 'model.threads' is {found}, but must be a whole number")


def test_a_value_in_place_of_a_section_is_refused(load: Load) -> None:
    sentence = sentence_of(load, {"system.yaml": "model: ollama"})
    assert sentence.startswith("config/system.yaml line 1: 'model' is a section, not a setting")
    assert "'model.backend'" in sentence


# ---- contradictions


@pytest.mark.parametrize(
    ("values", "keys"),
    [
        ({"hardware.safe_gib": 6.5}, ("hardware.safe_gib", "hardware.budget_gib")),
        ({"reasoning.votes_min": 10}, ("reasoning.votes_min", "reasoning.votes_max")),
        ({"model.context_tokens": 512, "reasoning.max_tokens": 512}, ("reasoning.max_tokens", "model.context_tokens")),
        ({"model.backend": "embedded", "model.name": "llama3"}, ("model.backend", "model.name")),
    ],
)
def test_a_contradiction_names_both_settings(load: Load, values: dict[str, object], keys: tuple[str, str]) -> None:
    sentence = sentence_of(load, overrides=values)
    assert [sentence.count(f"'{key}' is ") for key in keys] == [1, 1]
    assert sentence.endswith("; change one of them")


def test_a_contradiction_says_where_both_values_came_from(load: Load) -> None:
    files = {"system.yaml": "hardware:\n  budget_gib: 4\n"}
    assert sentence_of(load, files, environ={"WORKBENCH_HARDWARE_SAFE_GIB": "5"}) == (
        "'hardware.safe_gib' is 5.0 GiB (environment WORKBENCH_HARDWARE_SAFE_GIB) but 'hardware.budget_gib' is 4.0 GiB"
        " (config/system.yaml:2): the safe part cannot exceed the budget; change one of them"
    )


def test_values_at_the_edge_of_a_contradiction_agree(load: Load) -> None:
    edge = {"hardware.safe_gib": 6, "reasoning.votes_min": 9, "model.context_tokens": 512, "reasoning.max_tokens": 511}
    settings = load(overrides=edge | {"model.backend": "embedded", "model.name": "smollm2-135m"})
    assert (settings.hardware.safe_gib, settings.reasoning.max_tokens) == (6.0, 511)


@pytest.mark.parametrize(
    "text",
    [
        "model:\n  threads: 1\n  threads: 2\n",
        "model: {}\nlog_level: INFO\nmodel: {}\n",
        "log_level: INFO\n\nlog_level: INFO",
    ],
)
def test_a_key_given_twice_in_one_yaml_file_is_refused(load: Load, text: str) -> None:
    sentence = sentence_of(load, {"system.yaml": text})
    assert re.match(r"config/system.yaml line 3: '[a-z._]+' is given a second time, first on line [12];", sentence)


def test_a_name_given_twice_in_one_env_file_is_refused(load: Load) -> None:
    text = "WORKBENCH_LOG_LEVEL=INFO\n\n\nWORKBENCH_LOG_LEVEL=DEBUG\n"
    assert sentence_of(load, {".env": text}) == (
        "config/.env line 4: 'WORKBENCH_LOG_LEVEL' is given a second time, first on line 1; keep one of them"
    )


# ---- files that cannot be read


@pytest.mark.parametrize(
    ("data", "start"),
    [
        (b"log_level: INFO\nmodel: [1,\n", "config/system.yaml line 3: not valid YAML"),
        (b"model:\n\tthreads: 1\n", "config/system.yaml line 2: not valid YAML"),
        (b"log_level: INFO\nmodel: \x00\n", "config/system.yaml line 2: not valid YAML"),
        (b"log_level: *what\n", "config/system.yaml line 1: not valid YAML"),
        (b"log_level: INFO\n# caf\xe9\n", "config/system.yaml line 2: this is not UTF-8 text"),
        (b"- a\n- b\n", "config/system.yaml line 1: the file must hold settings"),
        (b"just words\n", "config/system.yaml line 1: the file must hold settings"),
        (b"log_level: INFO\n? [a, b]\n: c\n", "config/system.yaml line 2: a key must be plain text"),
        (b"log_level: INFO\n---\nlog_level: INFO\n", "config/system.yaml line 2: not valid YAML"),
        (b"model: &m\n  name: *m\n", "config/system.yaml line 2: 'model.name' is a section"),
        (b"[" * 5000, "config/system.yaml is nested too deeply"),
    ],
)
def test_an_unreadable_yaml_file_is_one_sentence(load: Load, data: bytes, start: str) -> None:
    assert sentence_of(load, {"system.yaml": data}).startswith(start)


@pytest.mark.parametrize(
    "line", ["WORKBENCH_LOG_LEVEL", "just words", 'WORKBENCH_LOG_LEVEL="INFO', "=INFO", "s3cret !"]
)
def test_a_line_of_an_env_file_that_is_no_assignment_is_refused_and_not_repeated(load: Load, line: str) -> None:
    assert sentence_of(load, {"gpu_config.env": f"# one\n\n{line}\n"}) == (
        "config/gpu_config.env line 3: this is not NAME=value; correct the line or remove it"
    )


def test_a_folder_in_place_of_a_file_is_one_sentence(load: Load, tmp_path: Path) -> None:
    (tmp_path / "config" / ".env").mkdir()
    assert sentence_of(load).startswith("config/.env cannot be read (")


# ---- Ollama's own variable


@pytest.mark.parametrize(
    ("given", "address"),
    [
        ("127.0.0.1:11500", "http://127.0.0.1:11500"),
        ("0.0.0.0", "http://127.0.0.1:11434"),
        ("http://0.0.0.0:80", "http://127.0.0.1:80"),
        (":11500", "http://127.0.0.1:11500"),
        ("[::]:11500", "http://[::1]:11500"),
        ("gpu-box", "http://gpu-box:11434"),
        ("https://models.example/ollama/", "https://models.example/ollama"),
        ("http://u:p@models.example", "http://u:p@models.example"),
    ],
)
def test_an_ollama_address_is_read_as_a_client_needs_it(load: Load, given: str, address: str) -> None:
    assert load(environ={"OLLAMA_HOST": given}).ollama.host == address
    assert client_address(address) == address


@pytest.mark.parametrize(
    "given", ["ftp://gpu-box", "http://gpu-box:port", "http://gpu-box:99999", "gpu box", "http://", "/", "h:0", "h?a"]
)
def test_what_is_no_address_is_refused(load: Load, given: str) -> None:
    sentence = sentence_of(load, environ={"OLLAMA_HOST": given})
    assert sentence.startswith(f"environment: 'OLLAMA_HOST' is {given!r}, but must be an address such as http://")


def test_ollamas_variable_goes_before_files_but_after_the_workbenchs_own(load: Load) -> None:
    files = {"system.yaml": "ollama: {host: http://file}", ".env": "WORKBENCH_OLLAMA_HOST=own\nOLLAMA_HOST=theirs\n"}
    assert load(files).ollama.host == "http://own:11434"
    settings = load(files, environ={"OLLAMA_HOST": "theirs"})
    assert settings.ollama.host == "http://theirs:11434"
    assert str(settings.origins["ollama.host"]) == "environment OLLAMA_HOST"
    both = {"OLLAMA_HOST": "ftp://not-ours-to-judge", "WORKBENCH_OLLAMA_HOST": "own"}
    assert load(environ=both).ollama.host == "http://own:11434"


def test_an_empty_ollama_variable_is_unset(load: Load) -> None:
    assert str(load(environ={"OLLAMA_HOST": " "}).origins["ollama.host"]) == "default"


# ---- the table, and secrets


def test_the_table_has_a_row_for_every_setting_with_unit_origin_and_meaning(load: Load) -> None:
    rows = {row.key: row for row in describe(load(environ={"WORKBENCH_HARDWARE_BUDGET_GIB": "5.5"}))}
    assert list(rows) == list(SPECS)
    row = rows["hardware.budget_gib"]
    assert (row.value, row.unit, str(row.origin)) == (5.5, "GiB", "environment WORKBENCH_HARDWARE_BUDGET_GIB")
    assert all(row.meaning for row in rows.values())
    assert rows["model.name"].value is None


def test_a_password_is_never_shown(load: Load) -> None:
    settings = load(
        environ={
            "WORKBENCH_MEMORY_DATABASE_URL": "postgresql+psycopg://agent:s3cret@db/agent?password=s3cret",
            "OLLAMA_HOST": "https://me:s3cret@models.example",
        }
    )
    rows = {row.key: row.value for row in describe(settings)}
    assert rows["memory.database_url"] == "postgresql+psycopg://***"
    assert rows["ollama.host"] == "https://***@models.example"
    assert "database_url" not in repr(settings)


@pytest.mark.parametrize(
    "given",
    [
        {"environ": {"WORKBENCH_MEMORY_DATABASE_URL": "agent:s3cret@db"}},
        {"environ": {"OLLAMA_HOST": "https://me:s3cret@models.example:x"}},
        {"files": {"system.yaml": "memory:\n  database_url: 's3cret\n"}},
    ],
)
def test_an_error_never_repeats_a_password(load: Load, given: dict[str, Any]) -> None:
    assert "s3cret" not in sentence_of(load, **given)


# ---- the schema and the committed files


def test_environment_names_are_one_to_one_and_spare_the_reserved_one() -> None:
    names = [spec.env_name for spec in SPECS.values()]
    assert len(set(names)) == len(names)
    assert "WORKBENCH_CONFIG_DIR" not in names
    assert {"WORKBENCH_HOME", "WORKBENCH_MODEL_BACKEND"} < set(names)


def test_every_default_is_accepted_when_it_is_written_out(load: Load) -> None:
    written = {spec.env_name: "" if spec.default is None else str(spec.default) for spec in SPECS.values()}
    assert load(environ=written).model_dump() == Settings().model_dump()


def test_the_committed_yaml_files_show_every_default_but_home() -> None:
    shown: dict[str, object] = {}
    for name in ("system.yaml", "advanced_agent.yaml"):
        for key, value in yaml.safe_load((CONFIG / name).read_text(encoding="utf-8")).items():
            leaves = (
                {f"{key}.{leaf}": below for leaf, below in value.items()} if isinstance(value, dict) else {key: value}
            )
            assert not leaves.keys() & shown.keys()
            shown |= leaves
    assert shown == {key: spec.default for key, spec in SPECS.items() if key != "home"}


def test_the_committed_yaml_files_say_each_settings_unit_and_meaning() -> None:
    settings = load_settings(config_dir=CONFIG, environ={})
    for key, spec in SPECS.items():
        origin = settings.origins[key]
        if origin.layer.endswith(".yaml"):
            assert origin.file is not None
            assert origin.line is not None
            comment = origin.file.read_text(encoding="utf-8").splitlines()[origin.line - 1].partition("  # ")[2]
            assert comment == (f"{spec.unit}; {spec.meaning}" if spec.unit else spec.meaning)


@pytest.mark.parametrize("name", [".env", "gpu_config.env"])
def test_an_example_env_file_sets_nothing_until_a_line_is_uncommented(load: Load, name: str) -> None:
    text = (CONFIG / f"{name}.example").read_text(encoding="utf-8")
    assert {str(origin) for origin in load({name: text}).origins.values()} == {"default"}
    uncommented = re.sub(r"^# (?=[A-Z_]+=)", "", text, flags=re.MULTILINE)
    settings = load({name: uncommented})
    assert sum(origin.layer == name for origin in settings.origins.values()) >= 3


def test_importing_settings_loads_no_parser() -> None:
    code = "import sys, workbench.core.settings; print(*{'yaml', 'dotenv', 'platformdirs'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_the_key_of_an_encrypted_memory_is_never_shown(load: Load) -> None:
    settings = load({}, environ={"WORKBENCH_MEMORY_KEY": "open sesame, please"})
    shown = next(row for row in describe(settings) if row.key == "memory.key")
    assert shown.value == "***"
    assert "sesame" not in repr(settings)
