"""What the package exports."""

import pytest

from ai_lib import structured


def test_every_public_name_exists_and_the_list_is_sorted():
    assert [getattr(structured, name).__name__ for name in structured.__all__] == sorted(structured.__all__)


def test_a_missing_name_raises_an_attribute_error():
    with pytest.raises(AttributeError, match=r"module 'ai_lib.structured' has no attribute 'xml_in'"):
        _ = structured.xml_in
