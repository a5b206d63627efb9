"""What reports say in every case: how figures were worked out, and what they are not."""

from __future__ import annotations

#: How the trades of a proposal were found, by its solver.
SOLVERS = {
    "greedy": (
        "The trades are those that the policy's back-test would make on this day: the same rules, the same"
        " code."
    ),
    "optimal": (
        "The trades are the plan for which tax, trading cost and what is left of drift come to the least,"
        " by mixed-integer programming. The bound below says how much better any other trades could be at"
        " most."
    ),
}
#: Of a proposal.
PROPOSAL_METHOD = (
    (
        "Drift is half the sum of absolute deviations of classes and cash from their targets, over all"
        " accounts together."
    ),
    (
        "Lots are sold in the order that the policy names; the term of a gain follows from the dates of"
        " the lot (IRC §1222). Losses that a purchase within the wash-sale window replaces, in any account"
        " listed, are disallowed (IRC §1091); where a retirement account replaces them they are lost for"
        " good (Rev. Rul. 2008-5)."
    ),
    (
        "Change in this year's tax is the year's tax on the household's return with these trades less the"
        " same without them: gains netted by term, the limit on net losses, carryovers, brackets, net"
        " investment income tax and state tax as the household's file states them. All else is taken to"
        " stay as it is. The year's tax, before and after, is the part of it that comes from the"
        " portfolio; below zero it lowers the tax on other income."
    ),
    "Quantities, prices and costs are those of the computation; what a broker fills differs.",
)
#: On the first page of a proposal.
PROPOSAL_DISCLOSURES = (
    (
        "This is a computation from the data named in this report, not tax, legal or investment advice and"
        " no promise of a result. No order has been sent to a broker. Prices move, and a trade at another"
        " price has another gain, tax and cost. Wash sales are looked for in the accounts listed here"
        " only; purchases elsewhere, by a spouse or in a retirement account count too. Check the lots,"
        " Forms 1099-B and the return with a tax adviser before acting."
    ),
)
#: Of a back-test.
RESULT_METHOD = (
    (
        "The back-test trades day by day by the policy, lot by lot, in all accounts together, and settles"
        " every tax year as a return: gains netted by term, the limit on net losses, carryovers, brackets,"
        " net investment income tax, state tax."
    ),
    (
        "Tax saved is the tax of the run it is held against less that of the policy. Deferred: at the"
        " long-term rate, the gains kept off the return, and income moved into tax-deferred accounts at"
        " the rate of retirement. Converted: the same dollars at another rate, now against later or by"
        " kind. Permanent: what never falls due. What stems only from less or more income stands apart:"
        " nobody is better off for it."
    ),
    (
        "The split recomputes every return with each cause exchanged and averages over the orders (the"
        " Shapley value), so that the parts sum to the tax saved. Not modelled: the step-up at death,"
        " which makes deferred tax permanent, and the time value of a deferral."
    ),
)
#: On the first page of a back-test.
RESULT_DISCLOSURES = (
    (
        "This is a back-test: what rules would have done on past prices, with taxes, wash sales and"
        " trading costs. It is no forecast, no record of an actual account, and not tax, legal or"
        " investment advice. It was made with hindsight; one stretch of history cannot tell which rule"
        " does best in the next. The two portfolios hold different things from the first different trade"
        " on, so that a difference in value is not tax alone. Deferred tax comes back."
    ),
)
