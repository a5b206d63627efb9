def test_a_proposal_of_a_benchmark_household_trades():
    home, policy, market = live_household(1, 20, 60, 3)
    found = rk.propose(market, home, policy, solver="optimal")
    assert document(found) == len(found.trades) > 0
    assert found.drift["after"] < found.drift["before"]
