"""HTTP: sourcing rules → the next version in force, looked up, tried on past orders.

Repeats are harmless: by channel and version; trying changes nothing.
"""

from __future__ import annotations

from typing import Annotated

from doorstep.domain.rules import Edition, SourcingRules
from doorstep.domain.simulation import SimulationPage
from doorstep.runtime import web, wiring
from doorstep.usecases.rules import rules_in_force, write_rules
from doorstep.usecases.simulate import Simulation, simulate

app = web.api()
handler = web.entered(app)

Channel = Annotated[str, web.Path(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")]


@app.put("/sourcing-rules/<channel>")
def put_rules(channel: Channel, rules: SourcingRules) -> Edition:
    caller = web.caller(app)
    caller.may()
    return write_rules(
        channel, rules, by=caller.name, rule_book=wiring.rule_book(), clock=wiring.clock
    )


@app.get("/sourcing-rules/<channel>")
def show_rules(channel: Channel) -> SourcingRules:
    web.caller(app).may("agent")
    return rules_in_force(channel, rule_book=wiring.rule_book())


@app.get("/sourcing-rules/<channel>/versions")
def show_versions(channel: Channel, limit: web.Limit = 20) -> list[Edition]:
    web.caller(app).may("agent")
    return list(wiring.rule_book().editions(channel, limit))


@app.post("/sourcing-rules/simulate")
def try_rules(simulation: Simulation) -> SimulationPage:
    web.caller(app).may("agent")
    return simulate(
        simulation,
        decisions=wiring.decisions(),
        orders=wiring.orders(),
        catalog=wiring.catalog(),
        clock=wiring.clock,
    )
