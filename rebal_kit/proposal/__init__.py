"""The live proposal: the same engine asked once, today.

A reader starts at `propose` (what is asked and how it goes), `proposal` (what is answered) and `day` (a household and
its policy on one day). `greedy` is the back-test's own decision, `solver` the optimal one; both are `orders` that
`settlement` has carried out by the book. `revise` changes them, `scan` looks without deciding. Files, the audit log and
approval are in `rebal_kit.files`.
"""
