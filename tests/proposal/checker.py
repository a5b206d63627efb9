"""An independent checker of live proposals: plain Python that holds a document to the law, the policy and itself.

`check` returns what is wrong, in words; `doubts` what an advisor should look at though nothing forbids it. Neither
knows the engine, the rules or the solver: households and policies are read as data. Each rule speaks of one thing and
works from what was worked out anew, so that one wrong number is reported once.

What is not held: prices other than the given ones, the yearly budget for tax (`GainLimits.max_tax_usd`), and, where a
purchase washes a loss of days before and the policy lets it, `tax_now`. Where the proposal itself washes a loss, gain
and disallowance of lots that replace it are taken as stated: which of their shares are sold is not told.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any

from tests.proposal.reading import CENT, DUST, SHARE, Case, Order, Part, first_long_day, misshapen, near
from tests.proposal.tax import known, tax_now
from tests.proposal.washes import Replacements, open_loss


def check(document: Any, household: Any, policy: Any, prices: dict[str, float]) -> list[str]:
    """Return every violation in words; empty when all holds."""
    found = misshapen(document)
    if found:
        return found
    case = Case(document, household, policy, prices)
    return [fault for rule in RULES for fault in rule(case)]


def doubts(document: Any, household: Any, policy: Any, prices: dict[str, float]) -> list[str]:
    """Return what is allowed and yet odd: a drift that got worse, money that is spent before it is there."""
    case = Case(document, household, policy, prices)
    found = []
    before = case.drift(case.held_before, {a.name: float(a.cash) for a in household.accounts})
    after = case.drift(case.held_after, case.cash_after)
    if after > before + 0.001:
        found.append(f"drift gets worse: {before:.4%} before, {after:.4%} after")
    cash = {account.name: float(account.cash) for account in household.accounts}
    for order in case.orders:
        cash[order.account.name] += (order.amount if order.sale else -order.amount) - order.cost
        if not order.sale and cash[order.account.name] < -CENT:
            found.append(f"{order.name} spends {-cash[order.account.name]:.2f} before it is there")
    both = {(o.account.name, o.symbol) for o in case.orders if o.sale}
    both &= {(o.account.name, o.symbol) for o in case.orders if not o.sale}
    return found + [f"{symbol} is sold and bought in {name}" for name, symbol in sorted(both)]


def names(case: Case) -> Iterator[str]:
    """Accounts, brokers, securities and the date are the household's."""
    if case.household.as_of is not None and case.asof != case.household.as_of:
        yield f"document: asof is {case.asof}, the household is of {case.household.as_of}"
    for at, told in enumerate(case.document["trades"], 1):
        account = case.accounts.get(told["account"])
        if account is None:
            yield f"trade {at}: there is no account {told['account']!r}"
        elif told["broker"] != account.broker:
            yield f"trade {at}: broker of {account.name} is {account.broker!r}, not {told['broker']!r}"
        if told["symbol"] not in case.prices:
            yield f"trade {at}: {told['symbol']} has no price"


def lots(case: Case) -> Iterator[str]:
    """Lots are there, are of the security, and are not sold beyond their shares."""
    sold: dict[str, float] = {}
    for order in case.orders:
        if order.sale and not order.parts:
            yield f"{order.name}: names no lots"
        if not order.sale and order.told["lots"]:
            yield f"{order.name}: a purchase names lots"
        for part in order.parts:
            if part.lot is None:
                yield _which(case, order, part)
                continue
            if part.shares <= 0:
                yield f"{order.name}: {part.shares:g} shares of {part.name}"
            before = sold.get(part.lot.lot, 0.0)
            sold[part.lot.lot] = before + part.shares
            most = part.lot.quantity + SHARE
            if before <= most < sold[part.lot.lot]:
                yield f"{part.name}: {sold[part.lot.lot]:g} shares are sold of {part.lot.quantity:g}"
            if part.told["acquired"] != part.lot.acquired.isoformat():
                yield f"{part.name}: acquired {part.lot.acquired}, not {part.told['acquired']}"


def _which(case: Case, order: Order, part: Part) -> str:
    for account in case.household.accounts:
        for lot in account.lots:
            if lot.lot == part.told["lot"]:
                return f"{order.name}: {part.name} is of {lot.symbol} in {account.name}"
    return f"{order.name}: there is no {part.name}"


def arithmetic(case: Case) -> Iterator[str]:
    """Quantity is that of the lots, price the given one, amount their product, cost the policy's."""
    for order in case.orders:
        told = order.told
        if not told["quantity"] > 0:
            yield f"{order.name}: quantity is {told['quantity']:g}"
        if abs(told["quantity"] - order.shares) > SHARE + 1e-9 * order.shares:
            yield f"{order.name}: quantity is {told['quantity']:g}, its lots are {order.shares:g}"
        if abs(told["price"] - order.price) > 1e-6 * order.price:
            yield f"{order.name}: price is {told['price']:g}, not {order.price:g}"
        if not near(told["amount"], order.amount):
            yield f"{order.name}: amount is {told['amount']:.2f}, not {order.amount:.2f}"
        if not near(told["cost"], order.cost):
            yield f"{order.name}: cost is {told['cost']:.2f}, not {order.cost:.2f}"
        elif told["cost"] < case.fees_of(order.account, order.symbol, order.shares) - CENT:
            yield f"{order.name}: cost is {told['cost']:.2f}, less than its fees"
    total = sum(order.cost for order in case.orders)
    if not near(case.document["cost"], total):
        yield f"cost: {case.document['cost']:.2f} is stated, the trades come to {total:.2f}"


def cash(case: Case) -> Iterator[str]:
    """Cash before, sales less purchases less costs, is cash after; no account spends what it has not."""
    rows = [row["account"] for row in case.document["cash"]]
    for name in sorted({row for row in rows if row not in case.accounts or rows.count(row) > 1}):
        yield f"cash of {name}: " + ("stated twice" if name in case.accounts else "there is no such account")
    told = {row["account"]: row for row in case.document["cash"]}
    for name, account in case.accounts.items():
        after, before = case.cash_after[name], float(account.cash)
        if name in told:
            if not near(told[name]["before"], before):
                yield f"cash of {name}: {told[name]['before']:.2f} before, not {before:.2f}"
            if not near(told[name]["after"], after):
                yield f"cash of {name}: {told[name]['after']:.2f} after, not {after:.2f}"
        elif any(order.account is account for order in case.orders):
            yield f"cash of {name}: not stated"
        if after < -CENT and after < before - CENT:
            yield f"cash of {name}: {after:.2f} is left, purchases are not paid for"
        elif after < min(account.min_cash, before) - CENT:
            yield f"cash of {name}: {after:.2f} is left of {before:.2f}, {account.min_cash:.2f} has to stay"


def washes(case: Case) -> Iterator[str]:
    """No loss is washed, neither by the proposal nor by what was bought before it; else it is said by how much."""
    replacements = Replacements(case)
    for order in case.orders:
        replacements.sell(order)
        for part in order.parts:
            if part.lot is None:
                continue
            loss, told = -part.gain, part.told["disallowed"]
            matched, by = replacements.replace(order, part) if order.taxed and loss > DUST else (0.0, "")
            disallowed = loss * matched / part.shares if matched else 0.0
            if by and loss > CENT and case.policy.avoid_wash_sales and not order.raising:
                yield f"{order.name}: {part.name} is sold at a loss of {loss:.2f}, washed by {by}"
            elif not near(told, disallowed) and not part.adjusted:
                why = f"washed by {by}" if by else "and nothing washes it"
                yield f"{order.name}: disallowed of {part.name} is {told:.2f}, not {disallowed:.2f}: {why}"
        replacements.close(order)


def earlier_losses(case: Case) -> Iterator[str]:
    """Nothing is bought that the household sold at a loss in the 30 days before."""
    if not case.policy.avoid_wash_sales:
        return
    for order in case.orders:
        blocked = open_loss(case, order)
        if blocked is not None:
            yield f"{order.name}: {blocked.symbol} was sold at a loss on {blocked.sold} in {blocked.account}"


def restrictions(case: Case) -> Iterator[str]:
    """What does not trade does not; only members of classes are bought, and sold as the policy says."""
    household = case.household
    for order in case.orders:
        account = order.account
        free = case.policy.gains.sell_legacy or order.raising or order.reserve
        if account.trading != "managed":
            yield f"{order.name}: the account is {account.trading}"
        elif order.sale and order.symbol in (*household.do_not_sell, *account.do_not_sell):
            yield f"{order.name}: it may not be sold"
        elif not order.sale and order.symbol in (*household.do_not_buy, *account.do_not_buy):
            yield f"{order.name}: it may not be bought"
        elif not order.sale and order.symbol not in case.members:
            yield f"{order.name}: it is no member of a class"
        elif order.sale and order.symbol not in case.members and not free:
            yield f"{order.name}: holdings outside the targets are not sold"


def reasons(case: Case) -> Iterator[str]:
    """Limits give way to what must be paid: cash is raised if something is owed, a reserve restored if it is short."""
    household = case.household
    due = household.year_to_date.tax_owed > 0 or any(flow.amount < 0 for flow in household.flows)
    for order in case.orders:
        if order.raising and not due:
            yield f"{order.name}: cash is raised, and nothing is owed or withdrawn"
        elif order.reserve and order.account.cash >= order.account.min_cash:
            yield f"{order.name}: a reserve is restored that is not short"


def fraction(shares: float) -> float:
    return abs(shares - round(shares))


def sizes(case: Case) -> Iterator[str]:
    """Orders are not too small, and of whole shares where the policy asks for them.

    A broker gets what is sold of a position as one order, whatever it is sold for.
    """
    policy = case.policy
    held = dict(case.held_before)
    together: dict[Any, float] = defaultdict(float)
    for order in case.orders:
        together[order.account.name, order.symbol, order.sale] += order.shares
    for order in case.orders:
        key = order.account.name, order.symbol
        held[key] = held.get(key, 0.0) + (-order.shares if order.sale else order.shares)
        whole = order.sale and abs(held[key]) <= SHARE
        must = order.raising or order.reserve or whole
        shares = together[order.account.name, order.symbol, order.sale]
        if shares * order.price < policy.min_trade_usd - CENT and not must:
            yield f"{order.name}: {order.amount:.2f} is below the smallest order of {policy.min_trade_usd:.2f}"
        if policy.whole_shares and min(fraction(shares), fraction(order.shares)) > SHARE and not whole:
            yield f"{order.name}: {order.shares:g} are no whole shares"


def gains(case: Case) -> Iterator[str]:
    """Term and gain of each lot; where nothing is taxed there is no term, and the gain is stated or 0."""
    for order, part in case.lot_sales():
        term = ("long" if part.long else "short") if order.taxed else ""
        if part.told["term"] != term:
            yield f"{order.name}: term of {part.name} is {part.told['term']!r}, not {term!r}"
        told = part.told["gain"]
        if not near(told, part.gain) and (order.taxed or told != 0):
            yield f"{order.name}: gain of {part.name} is {told:.2f}, not {part.gain:.2f}"


def totals(case: Case) -> Iterator[str]:
    """Gains, what of them is disallowed, and by how much they change the year's tax."""
    told = case.document["tax"]
    short, long = case.taxed_sums()
    earlier = Replacements(case).earlier
    short, long = short + earlier["short"], long + earlier["long"]
    disallowed = sum(part.told["disallowed"] for order, part in case.lot_sales() if order.taxed)
    disallowed += sum(earlier.values())
    found = {"short_gain": short, "long_gain": long, "disallowed": disallowed}
    if not known(case.household.tax):
        yield f"tax: no numbers are kept for {case.household.tax!r}"
    elif case.policy.avoid_wash_sales or not any(open_loss(case, order) for order in case.orders):
        found["tax_now"] = float(tax_now(case.household, short, long))
    for name, value in found.items():
        if not near(told[name], value):
            yield f"tax: {name} is {told[name]:.2f}, not {value:.2f}"


def limits(case: Case) -> Iterator[str]:
    """Gains that the policy does not let rebalancing realise; what must be paid for is not asked."""
    policy, rules, so_far = case.policy, case.policy.gains, case.household.year_to_date
    realised = legacy = 0.0
    for order, part in case.lot_sales():
        if not order.taxed or order.raising:
            continue
        # Where wash sales are not avoided, a later purchase can wash the loss that made room for a gain.
        gain = part.gain + (part.told["disallowed"] if policy.avoid_wash_sales else 0.0)
        realised += gain
        legacy += 0.0 if order.symbol in case.members else gain
        if part.long or part.gain <= CENT:
            continue
        if rules.short == "never":
            yield f"{order.name}: {part.name} has a short-term gain of {part.gain:.2f}"
        days = (first_long_day(part.lot.holding_start or part.lot.acquired) - case.asof).days
        if days <= policy.gain_guard_days:
            yield f"{order.name}: {part.name} is long-term in {days} days, its gain of {part.gain:.2f} should wait"
    year = so_far.short + so_far.long
    for name, budget, before, more in (
        ("max_gain_usd", rules.max_gain_usd, year, realised),
        ("max_legacy_gain_usd", rules.max_legacy_gain_usd, so_far.legacy_gain, legacy),
    ):
        if budget is not None and before + more > max(budget, before) + CENT:
            yield f"gains: {before + more:.2f} this year is over {name} of {budget:.2f}"


def drift(case: Case) -> Iterator[str]:
    """Drift before and after."""
    told = case.document["drift"]
    before = {name: float(account.cash) for name, account in case.accounts.items()}
    for name, held, money in (
        ("before", case.held_before, before),
        ("after", case.held_after, case.cash_after),
    ):
        found = case.drift(held, money)
        if abs(told[name] - found) > 1e-6:
            yield f"drift {name}: {told[name]:.6f}, not {found:.6f}"


RULES: tuple[Callable[[Case], Iterator[str]], ...] = (
    names, lots, arithmetic, cash, washes, earlier_losses, restrictions, reasons, sizes, gains, totals, limits, drift,
)  # fmt: skip
