"""An adapter leaves the workbench in the form that another program reads.

    write_gguf       llama.cpp and Ollama: a LoRA file over the same base
    write_merged     everyone else: a whole model in safetensors, the adapter summed into it
    write_modelfile  Ollama by hand: `ollama create NAME -f Modelfile`
    create           Ollama at once, where its server answers

Each file is written whole or not at all.
"""

from workbench.adapters.exporting.gguf_lora import write_gguf
from workbench.adapters.exporting.merged import write_merged
from workbench.adapters.exporting.ollama_model import create, write_modelfile

__all__ = ["create", "write_gguf", "write_merged", "write_modelfile"]
