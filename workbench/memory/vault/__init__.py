"""What a text becomes on disk, itself or its encryption; where keys come from; how a whole store changes over."""
