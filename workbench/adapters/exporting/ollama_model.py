"""An adapter becomes a model of Ollama: by a Modelfile and one command, or at once where its server answers.

    FROM qwen2:1.5b            the base: Ollama's own model, or the GGUF file
    ADAPTER ./adapter.gguf     what `write_gguf` made
    TEMPLATE …                 where the base is a file: its chat template, if it can be said in Ollama's words
    PARAMETER …                temperature 0, the context, where to stop

Ollama keeps the files itself, by digest, so the same adapter is sent once. It does not know the shelf.

>>> said = await create(base, file, "workbench-mine:3f", tokenizer, host=settings.ollama.host)      # doctest: +SKIP
>>> said.made, said.sentence                                                                # doctest: +SKIP
(False, 'Nothing listens at …; when it runs: ollama create workbench-mine:3f -f …/Modelfile')
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from workbench.adapters.bases import Base
from workbench.adapters.exporting.go_template import go_template
from workbench.models.ollama_server import REQUEST_TIMEOUT_S, OllamaServer, make_client, translated

OLLAMA = "ollama:"
CREATE_TIMEOUT_S = 20 * REQUEST_TIMEOUT_S  # Ollama reads the whole base once


@dataclass(frozen=True, slots=True)
class Recipe:
    """What the model is made of: `parent` is the name of Ollama's own model, None where the base is a file."""

    adapter: Path
    parent: str | None
    weights: Path | None
    template: str | None
    parameters: dict[str, Any] = field(default_factory=dict)
    licence: str | None = None


@dataclass(frozen=True, slots=True)
class Created:
    """Whether Ollama has the model now, and one sentence."""

    made: bool
    sentence: str


def recipe(base: Base, adapter: Path, tokenizer: Any, *, context_tokens: int = 4096) -> Recipe:
    """What goes into the model, for a Modelfile and for the server alike.

    Args:
        adapter: the GGUF LoRA file.
        tokenizer: of the base; a model that is Ollama's own keeps its own template.
    """
    stop = [tokenizer.eos_token] if tokenizer.eos_token else []
    parameters = {"temperature": 0.0, "num_ctx": context_tokens, "stop": stop}
    if base.name.startswith(OLLAMA):
        return Recipe(adapter, base.name.removeprefix(OLLAMA), None, None, parameters, base.licence)
    return Recipe(adapter, None, base.gguf or base.folder, go_template(tokenizer), parameters, base.licence)


def modelfile(made: Recipe) -> str:
    """The recipe as a Modelfile; paths are absolute, so that it works from anywhere."""
    lines = [f"FROM {made.parent or made.weights}", f"ADAPTER {made.adapter.resolve()}"]
    if made.template is not None:
        lines.append(f'TEMPLATE """{made.template}"""')
    for name, value in made.parameters.items():
        for one in value if isinstance(value, list) else [value]:
            lines.append(f"PARAMETER {name} {json.dumps(one, ensure_ascii=False)}")
    if made.licence is not None:
        lines.append(f'LICENSE """{made.licence}"""')
    return "\n".join(lines) + "\n"


def write_modelfile(
    base: Base, adapter: Path, tokenizer: Any, folder: Path | None = None, *, context_tokens: int = 4096
) -> Path:
    """A `Modelfile` beside the adapter, or in another folder."""
    path = (folder or adapter.parent) / "Modelfile"
    path.parent.mkdir(parents=True, exist_ok=True)
    made = path.with_name(".Modelfile.making")
    made.write_text(modelfile(recipe(base, adapter, tokenizer, context_tokens=context_tokens)), encoding="utf-8")
    made.replace(path)
    return path


async def create(
    base: Base, adapter: Path, name: str, tokenizer: Any, *, host: str, context_tokens: int = 4096
) -> Created:
    """Make the model in Ollama; where no server answers, write the Modelfile and say the command for later.

    Args:
        adapter: the GGUF LoRA file.
        name: of the new model, such as `Deployed.ollama_name`.
    Raises:
        ModelError: the server answers but cannot make it; the sentence says why.
    """
    status = await OllamaServer(host).probe()
    if not status.answers:
        path = write_modelfile(base, adapter, tokenizer, context_tokens=context_tokens)
        return Created(False, f"{status.reason}; then run: ollama create {name} -f {path}")
    await _send(recipe(base, adapter, tokenizer, context_tokens=context_tokens), name, host)
    return Created(True, f"Ollama has {name} now; ask it with --model {name}")


async def _send(made: Recipe, name: str, host: str) -> None:
    async with make_client(host, timeout_s=CREATE_TIMEOUT_S) as client:
        with translated(host, name):
            digest = await client.create_blob(made.adapter)
            files = None
            if made.parent is None:
                files = {path.name: await client.create_blob(path) for path in _weights(made)}
            await client.create(
                model=name,
                from_=made.parent,
                files=files,
                adapters={made.adapter.name: digest},
                template=made.template,
                parameters=made.parameters,
                license=made.licence,
            )


def _weights(made: Recipe) -> tuple[Path, ...]:
    assert made.weights is not None, "either a parent or weights"
    if made.weights.is_file():
        return (made.weights,)
    return tuple(path for path in sorted(made.weights.iterdir()) if path.suffix in (".json", ".safetensors"))
