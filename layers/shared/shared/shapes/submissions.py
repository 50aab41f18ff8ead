"""Submitted forms."""

from typing_extensions import TypedDict

from shared.shapes.fields import Id, Time


class SubmissionId(TypedDict):
    """A stored submission."""

    id: Id


class PublicSubmission(TypedDict):
    """A submission with the fields of its form."""

    id: Id
    createdAt: Time
