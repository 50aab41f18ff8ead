"""Names of authenticators."""

import uuid

from shared.values import authenticators


def test_well_known_authenticator_has_a_name() -> None:
    assert authenticators.name_of("ea9b8d66-4d01-1d21-3ce4-b6b48cb575d4") == "Google Password Manager"


def test_another_one_has_none() -> None:
    assert authenticators.name_of(str(uuid.UUID(int=0))) == ""
    assert authenticators.name_of(str(uuid.UUID(int=1))) == ""
    assert authenticators.name_of("") == ""


def test_aaguids_are_written_like_those_of_new_passkeys() -> None:
    for aaguid, name in authenticators._NAMES.items():
        assert str(uuid.UUID(aaguid)) == aaguid
        assert name == name.strip() != ""
