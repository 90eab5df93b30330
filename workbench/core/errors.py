"""One error tree for the whole workbench.

    WorkbenchError
    ├── SettingsError            a settings layer says something wrong (file, line, key)
    ├── QuestionError            the question cannot be asked: empty, over-long, not text
    ├── ModelError
    │   ├── ModelNotFound        no such model here
    │   ├── ModelUnavailable     the engine or its server does not answer
    │   ├── ModelTimeout         it answers too slowly
    │   ├── ConnectionDropped    it stopped in mid-reply
    │   ├── ContextOverflow      the prompt is longer than the model's context
    │   ├── MemoryBudgetError    it would not fit the memory budget
    │   └── ModelRefused         the server answered with an error of its own
    ├── TemplateError            a prompt template is missing, malformed or lacks a variable
    ├── ToolError                a tool call is malformed, or the tool itself failed
    ├── StoreError
    │   ├── StoreFull            no space left for the database
    │   ├── StoreReadOnly        the database cannot be written
    │   ├── StoreLocked          another process holds it
    │   ├── StoreCorrupt         what is on disk cannot be read
    │   ├── StoreSealed          it is encrypted, and the key is missing or wrong
    │   └── NotStored            no such session, turn or memory
    ├── ExamplesError            a file of examples cannot be used, or holds too few
    ├── AdapterError
    │   ├── AdapterNotFound      no adapter has that name or hash
    │   ├── AdapterDamaged       its files are truncated, altered or of a form that is not read
    │   ├── AdapterUnfit         made for another base, or of a kind that cannot be used so
    │   └── ShelfFull            the shelf's quota is used up by adapters that must stay
    ├── EvolutionError           a population cannot begin, or cannot go on
    ├── TrainingError            training cannot begin, or cannot go on
    ├── LearningPaused           a person lets learning rest; what was done is kept
    └── Cancelled                the person stopped the turn; nothing was kept

A lower library's error is translated where it enters a room. Every message is one sentence with the next action in it;
a traceback belongs in the log. It does not know which door shows the message.

>>> raise ModelNotFound("Ollama has no model 'llama9'; run: ollama pull llama9")
Traceback (most recent call last):
workbench.core.errors.ModelNotFound: Ollama has no model 'llama9'; run: ollama pull llama9
"""

from __future__ import annotations


class WorkbenchError(Exception):
    """Root of all errors a person can meet; `str(error)` is one sentence that says what to do next."""

    @property
    def sentence(self) -> str:
        return str(self)


class SettingsError(WorkbenchError):
    """A settings layer holds an unknown key, a wrong type or a contradiction."""


class QuestionError(WorkbenchError):
    """The question is empty, too long or not decodable text."""


class ModelError(WorkbenchError):
    """A language model could not be used."""


class ModelNotFound(ModelError):
    """The named model is not installed here."""


class ModelUnavailable(ModelError):
    """The engine or its server does not answer."""


class ModelTimeout(ModelError):
    """The model gave no token within the allowed time."""


class ConnectionDropped(ModelError):
    """The stream broke before the reply was complete."""


class ContextOverflow(ModelError):
    """The prompt does not fit the model's context length."""


class MemoryBudgetError(ModelError):
    """The model's computed need exceeds the memory budget."""


class ModelRefused(ModelError):
    """The model's server answered with an error of its own."""


class TemplateError(WorkbenchError):
    """A prompt template is missing, malformed or lacks a variable."""


class ToolError(WorkbenchError):
    """A tool call is malformed, or the tool could not answer."""


class StoreError(WorkbenchError):
    """The database or the index could not do what was asked; nothing was half-written."""


class StoreFull(StoreError):
    """The disk that holds the database is full."""


class StoreReadOnly(StoreError):
    """The database cannot be written."""


class StoreLocked(StoreError):
    """Another process holds the database."""


class StoreCorrupt(StoreError):
    """What is on disk cannot be read."""


class StoreSealed(StoreError):
    """What is on disk is encrypted, and the key is missing, wrong or not allowed."""


class NotStored(StoreError):
    """No session, turn or memory has that id."""


class ExamplesError(WorkbenchError):
    """Examples cannot be read, or there are too few of them for what was asked."""


class AdapterError(WorkbenchError):
    """An adapter could not be used as asked; the shelf is as it was."""


class AdapterNotFound(AdapterError):
    """No adapter on the shelf has that name or hash."""


class AdapterDamaged(AdapterError):
    """The adapter's files are truncated, altered or of a form that is not read."""


class AdapterUnfit(AdapterError):
    """The adapter was made for another base, or is of a kind that cannot be merged, exported or served."""


class ShelfFull(AdapterError):
    """The shelf's quota is used up, and what is on it must stay."""


class EvolutionError(WorkbenchError):
    """A population cannot begin or go on."""


class TrainingError(WorkbenchError):
    """Training cannot begin, or cannot go on; the last checkpoint is whole."""


class LearningPaused(WorkbenchError):
    """Learning rests: a person said so, or these are not its hours; what was done is kept."""


class Cancelled(WorkbenchError):
    """The person stopped the turn before it was remembered."""
