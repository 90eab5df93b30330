from __future__ import annotations

from workbench.memory.text import fingerprint, storable


def test_ordinary_text_of_any_script_is_stored_as_it_is() -> None:
    for text in ("plain", "犬の名前はルーファスです", "שלום עולם", "a\tb\r\nc", "👩‍🚀", "\ufeffbegins with a mark", ""):
        assert storable(text) == text


def test_nul_and_lone_surrogates_become_the_replacement_character() -> None:
    assert storable("a\0b\ud800c\udfff") == "a\ufffdb\ufffdc\ufffd"


def test_a_surrogate_pair_becomes_its_character() -> None:
    assert storable("\ud83d\ude00") == "😀"


def test_case_and_spaces_do_not_make_a_text_new() -> None:
    assert fingerprint("My  dog is\nRufus ") == fingerprint("my dog IS rufus")
    assert fingerprint("my dog is rufus") != fingerprint("my dog is rufus!")
