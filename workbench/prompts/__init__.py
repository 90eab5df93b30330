"""The words put to a model: versioned templates, and the one form in which a bare question is asked.

Training, scoring and answering all ask through `direct`, so that what an adapter learned is what it is asked for.
"""

from workbench.prompts.direct import direct, known
from workbench.prompts.rendering import load_prompt, render

__all__ = ["direct", "known", "load_prompt", "render"]
