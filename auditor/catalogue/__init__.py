"""The field's facts as versioned data files, and their typed loaders."""
