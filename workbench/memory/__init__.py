"""Remember and recall: what was asked and answered, and what the person stated, on this machine's disk.

SQL holds the truth (`tables`, `database`, `migrate`), a vector index lies over it (`index`, `chroma_index`,
`index_keeper`), an embedder (`embedders`) makes the vectors, `memorable` picks the statements, `sessions` keeps
conversations, and `store` puts them together as `Memory`, the only name the walk needs. Importing this room loads
neither SQLAlchemy nor Chroma; `Memory.open` and `open_index` do.
"""

from workbench.memory.embedders import Embedder, MiniLM, open_embedder
from workbench.memory.store import Memory
from workbench.memory.weighing.memorable import memorable

__all__ = ["Embedder", "Memory", "MiniLM", "memorable", "open_embedder"]
