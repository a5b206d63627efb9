"""The rule book: what the law and the market's conventions say, one rule a function, each with its source.

========================  =======================================================================
module                    answers
========================  =======================================================================
`law`                     which numbers hold for this year and filing status (`us_federal.toml`)
`holding`                 when is a lot long-term; what tacks on after a wash sale
`wash_sale`               which purchase replaces which loss
`lots`                    which lot goes first
`gains`                   how gains and losses net, what is deducted, what is carried over
`brackets`                the tax of a return, and how much of it the portfolio adds
`marginal`                what one more dollar of each kind costs
`income`                  the same two for people: `income_tax` and `marginal_rates`
`dividends`               is this dividend qualified
`timing`                  which year does a sale belong to
`forms`                   what does the broker report, and on which line of the return is a sale
`gifts`                   which lot is given to charity, and what is deducted
`triggers`                has a weight left its band, and where does it go
`harvest`                 is this loss worth taking
========================  =======================================================================

Every rule is a scalar pure function: plain numbers in, plain numbers out, the same bits compiled or
interpreted. Dates are day numbers since 1970-01-01, money is US$. A rule holds no number of the law: those
come in as arguments. `law` and `income` make the table of arguments and read people's input.

*Not modelled* anywhere: options, short sales and constructive sales, digital assets (no securities today), dealers
and traders under §475(f), the alternative minimum tax, and what the modules name under that heading.
"""
