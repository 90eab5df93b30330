"""The words put to a model: versioned templates, and the one form in which a bare question is asked.

Training, scoring and answering all ask through `direct`, so that what an adapter learned is what it is asked for.
`corrections` says how a correction is remembered, and how it is shown to a model.
"""

from workbench.prompts.corrections import demonstrated
from workbench.prompts.direct import direct, known
from workbench.prompts.rendering import load_prompt, render

__all__ = ["demonstrated", "direct", "known", "load_prompt", "render"]
