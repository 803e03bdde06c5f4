"""The list: rules about what may be shown, and stages that drop or reorder."""
