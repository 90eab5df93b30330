"""`python -m workbench.panels [folder or notebook] [Voila's own options]` serves dashboards."""

from workbench.panels.serve import main

if __name__ == "__main__":
    main()
