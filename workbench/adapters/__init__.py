"""LoRA adapters: made, merged, kept, put into another form. The room knows neither skills nor what is held out.

`bases` opens what an adapter lies on, `adapter` is one in memory, `rendering` turns an example into tokens, `attach`
lays an adapter over a model, `training` makes one, `merging` makes one of several, `shelf` keeps them, `exporting`
hands them on.
"""
