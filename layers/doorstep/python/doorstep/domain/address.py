"""Postal addresses, as complete as the sender made them."""

from typing import Annotated

from pydantic import AfterValidator, Field

from doorstep.domain.record import Record

_Text = Annotated[str, Field(max_length=255)]

CountryCode = Annotated[str, Field(pattern="^[A-Z]{2}$")]
"""ISO 3166-1 alpha-2."""

_COUNTRIES = frozenset(
    """
    AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS
    BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE
    EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM
    HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC
    LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA
    NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW
    SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO
    TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS XK YE YT ZA ZM ZW
    """.split()
)
"""ISO 3166-1, and Kosovo, which carriers know by XK."""


def _iso_3166(code: str) -> str:
    if code not in _COUNTRIES:
        raise ValueError(f"{code!r} is not a country of ISO 3166")
    return code


Destination = Annotated[CountryCode, AfterValidator(_iso_3166)]
"""A country that something is to be sent to."""


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
