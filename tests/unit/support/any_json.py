"""JSON of any shape, with more of what the wires have than chance would bring."""

from hypothesis import strategies as st

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from(["", "\ud800", "9" * 400, "1e999999", "NaN", "-1", "x\ny", "ThrottlingException"])
)


def of_names(*names: str) -> st.SearchStrategy[object]:
    """Values whose objects have mostly these members."""
    keys = st.sampled_from(names) | st.text(max_size=5)
    return st.recursive(
        scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=5), max_leaves=12
    )
