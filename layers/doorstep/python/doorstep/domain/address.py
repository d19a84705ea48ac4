"""Postal addresses, as complete as the sender made them."""

from typing import Annotated

from pydantic import Field

from doorstep.domain.record import Record

_Text = Annotated[str, Field(max_length=255)]

CountryCode = Annotated[str, Field(pattern="^[A-Z]{2}$")]
"""ISO 3166-1 alpha-2."""


class Address(Record):
    """Where something or somebody is. A storefront may know little more than a name."""

    name: _Text = ""
    company: _Text = ""
    line1: _Text = ""
    line2: _Text = ""
    city: _Text = ""
    region: _Text = ""
    """State, province or prefecture; an ISO 3166-2 code without the country where there is one."""
    postal_code: Annotated[str, Field(max_length=20)] = ""
    country: CountryCode | None = None
    phone: Annotated[str, Field(max_length=40)] = ""

    def printed(self) -> tuple[str, ...]:
        """The lines of a label, none of them empty."""
        place = " ".join(filter(None, (self.postal_code, self.city, self.region)))
        lines = (self.name, self.company, self.line1, self.line2, place, self.country or "")
        return tuple(line for line in lines if line)
