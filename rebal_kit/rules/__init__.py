"""The rule book: what the law and the market's conventions say, one rule a function, each with its source.

========================  =======================================================================
module                    answers
========================  =======================================================================
`law`                     which numbers hold for this year and filing status (`us_federal.toml`)
`holding`                 when is a lot long-term; what tacks on after a wash sale
`wash_sale`               which purchase replaces which loss
`lots`                    which lot goes first
`gains`                   how gains and losses net, what is deducted, what is carried over
`brackets`                how much tax the portfolio adds to the household's return
`dividends`               is this dividend qualified
`triggers`                has a weight left its band, and where does it go
`harvest`                 is this loss worth taking
========================  =======================================================================

Every rule is a scalar pure function: plain numbers in, plain numbers out, the same bits compiled or
interpreted. Dates are day numbers since 1970-01-01, money is US$. A rule holds no number of the law: those
come in as arguments.
"""
