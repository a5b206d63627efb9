"""Exports of brokers as their users show them, of people and accounts that were invented."""

from __future__ import annotations

import datetime as dt

from rebal_kit.files.broker_csv import read_broker_csv
from rebal_kit.files.statement import Export

DAY = dt.date(2024, 1, 5)

SCHWAB = """\
"Positions for account Individual ...123 as of 03:45 PM ET, 2024/01/05","","","","","","",""

"Symbol","Description","Qty (Quantity)","Price","Mkt Val (Market Value)","Cost Basis",\
"Gain $ (Gain/Loss $)","Security Type",
"SPY","SPDR S&P 500, ETF TRUST","1,010","$400.00","$404,000.00","$300,500.25","$103,499.75","ETFs & Closed End Funds",
"BRK/B","BERKSHIRE","10.5","$360.00","$3,780.00","$2,000.00","$1,780.00","Equity",
"Cash & Cash Investments","--","--","--","$61.04","--","--","Cash and Money Market",
"Account Total","","--","--","$407,841.04","$302,500.25","$105,279.75","--",
"""

SCHWAB_LOTS = """\
"SPY Lot Details for Individual ...123 as of 03:46 PM ET, 01/05/2024"

"Open Date","Quantity","Price","Cost/Share","Market Value","Cost Basis","Gain/Loss $","Gain/Loss %","Holding Period",
"07/10/2020 00:00:00","610","$400.00","$328.69","$244,000.00","$200,500.25","$43,499.75","+21.70%","Long Term",
"10/30/2017 00:00:00","400","$400.00","$250.00","$160,000.00","$100,000.00","$60,000.00","+60.00%","Long Term",
"Total","1,010","--","--","$404,000.00","$300,500.25","$103,499.75","+34.44%","--",

"BRK/B Lot Details for Individual ...123 as of 03:46 PM ET, 01/05/2024"

"Open Date","Quantity","Price","Cost/Share","Market Value","Cost Basis","Gain/Loss $","Gain/Loss %","Holding Period",
"03/16/2016","10.5","$360.00","$190.48","$3,780.00","$2,000.00","$1,780.00","+89.00%","Long Term",
"Total","10.5","--","--","$3,780.00","$2,000.00","$1,780.00","+89.00%","--",
"""

FIDELITY = """\
\ufeffAccount Number,Account Name,Symbol,Description,Quantity,Last Price,Last Price Change,Current Value,\
Today's Gain/Loss Dollar,Percent Of Account,Cost Basis Total,Average Cost Basis,Type
Z12345678,Roth IRA,GLD,SPDR GOLD,5.125,$180.00,+$1.20,$922.50,+$6.15,64.85%,$871.25,$170.00,Cash,
Z12345678,Roth IRA,SPAXX**,HELD IN MONEY MARKET,,,,$500.00,,35.15%,,,Cash,
X87654321,Individual,AGG,ISHARES CORE US BOND,100,$98.50,-$0.10,"$9,850.00",-$10.00,99.00%,"$9,000.00",$90.00,Cash,
X87654321,Individual,AGG,ISHARES CORE US BOND,20,$98.50,-$0.10,"$1,970.00",-$2.00,1.00%,"$1,800.00",$90.00,Margin,
X87654321,Individual,SPAXX**,HELD IN MONEY MARKET,,,,$0.40,,0.00%,,,Cash,

"The data and information in this spreadsheet is provided to you solely for your use, and is no advice."

"Date downloaded Jan-05-2024 3:45 p.m ET"
"""

FIDELITY_LOTS = """\
Account Name,Symbol,Description,Acquired,Term,Total Gain/Loss,Total Gain/Loss (%),Current Value,Quantity,\
Average Cost Basis,Cost Basis Total
Roth IRA,GLD,SPDR GOLD,Mar-16-2020,Long,$51.25,5.88%,$922.50,5.125,$170.00,$871.25
Individual,AGG,ISHARES CORE US BOND,Jun-01-2023,Short,"$1,020.00",9.44%,"$11,820.00",120,$90.00,"$10,800.00"
"""

VANGUARD = """\
Account Number,Investment Name,Symbol,Shares,Share Price,Total Value,
44445555,VANGUARD TOTAL STOCK MARKET ETF,VTI,50,240.5,12025.00,
44445555,VANGUARD FEDERAL MONEY MARKET FUND,VMFXX,1000.25,1.0,1000.25,


Account Number,Trade Date,Settlement Date,Transaction Type,Transaction Description,Investment Name,Symbol,Shares,
44445555,2023-12-27,2023-12-29,Dividend,Dividend Received,VANGUARD TOTAL STOCK MARKET ETF,VTI,0.0,
"""

VANGUARD_LOTS = """\
Unrealized gains and losses
Account,Symbol/CUSIP,Description,Acquired date,Cost basis method,Quantity,Cost per share,Total cost,\
"Market value as of 01/05/2024 02:17 PM, ET","Short term gain loss as of 01/05/2024 02:17 PM, ET",\
"Long term gain loss as of 01/05/2024 02:17 PM, ET","Total gain loss as of 01/05/2024 02:17 PM, ET",\
Covered/Non-covered,Percent gain loss
44445555,VTI,VANGUARD TOTAL STOCK,03/16/2020,HIFO,20.0000,130.00,2600.00,4810.00,0.00,2210.00,2210.00,Covered,85.00%
44445555,VTI,VANGUARD TOTAL STOCK,06/01/2021,HIFO,30.0000,220.00,6600.00,7215.00,0.00,615.00,615.00,Covered,9.32%
"""

ACTIVITY = """\
\ufeffStatement,Header,Field Name,Field Value
Statement,Data,BrokerName,Interactive Brokers LLC
Statement,Data,Period,"December 1, 2023 - January 5, 2024"
Statement,Data,WhenGenerated,"2024-01-06, 09:47:33 EDT"
Account Information,Header,Field Name,Field Value
Account Information,Data,Account,U7654321
Account Information,Data,Base Currency,USD
Open Positions,Header,DataDiscriminator,Asset Category,Currency,Symbol,Open,Quantity,Mult,Cost Price,Cost Basis,\
Close Price,Value,Unrealized P/L,Code
Open Positions,Data,Summary,Stocks,USD,VOO,-,10,1,300.1,3001,430.5,4305,1304,
Open Positions,Data,Lot,Stocks,USD,VOO,"2021-06-01, 10:39:46",4,,300.25,1201,430.5,1722,521,LT
Open Positions,Data,Lot,Stocks,USD,VOO,"2022-02-14, 12:52:03",6,,300,1800,430.5,2583,783,LT
Open Positions,Total,,Stocks,USD,,,,,,3001,,4305,1304,
Cash Report,Header,Currency Summary,Currency,Total,Securities,Futures,
Cash Report,Data,Starting Cash,Base Currency Summary,1,1,0,
Cash Report,Data,Ending Cash,Base Currency Summary,50.5,50.5,0,
Cash Report,Data,Starting Cash,USD,1,1,0,
Cash Report,Data,Ending Cash,USD,50.5,50.5,0,
Trades,Header,DataDiscriminator,Asset Category,Currency,Symbol,Quantity
Trades,Data,Order,Stocks,USD,VOO,6
Trades,SubTotal,,Stocks,USD,VOO,6
"""

FLEX = """\
"ClientAccountID","CurrencyPrimary","AssetClass","SubCategory","Symbol","ReportDate","Quantity","MarkPrice",\
"PositionValue","CostBasisMoney","Side","LevelOfDetail","OpenDateTime","HoldingPeriodDateTime"
"U7654321","USD","STK","ETF","VOO","20240105","10","430.5","4305","3001","Long","SUMMARY","",""
"U7654321","USD","STK","ETF","VOO","20240105","4","430.5","1722","1201","Long","LOT","20210601;103946","20210601;103946"
"U7654321","USD","STK","ETF","VOO","20240105","6","430.5","2583","1800","Long","LOT","2022-02-14;125203","20220110;100000"
"""

FLEX_CASH = """\
"ClientAccountID","CurrencyPrimary","LevelOfDetail","StartingCash","EndingCash"
"U7654321","BASE_SUMMARY","BaseCurrency","1","50.5"
"U7654321","USD","Currency","1","50.5"
"""

OFX = """\
OFXHEADER:100
DATA:OFXSGML
VERSION:102
SECURITY:NONE
ENCODING:USASCII
CHARSET:1252
COMPRESSION:NONE
OLDFILEUID:NONE
NEWFILEUID:NONE

<OFX>
<SIGNONMSGSRSV1><SONRS><STATUS><CODE>0<SEVERITY>INFO</STATUS><DTSERVER>20240105120000<LANGUAGE>ENG</SONRS></SIGNONMSGSRSV1>
<INVSTMTMSGSRSV1><INVSTMTTRNRS><TRNUID>1<STATUS><CODE>0<SEVERITY>INFO</STATUS>
<INVSTMTRS><DTASOF>20240105120000<CURDEF>USD<INVACCTFROM><BROKERID>example.com<ACCTID>99998888</INVACCTFROM>
<INVPOSLIST>
<POSSTOCK><INVPOS><SECID><UNIQUEID>111111111<UNIQUEIDTYPE>CUSIP</SECID><HELDINACCT>CASH<POSTYPE>LONG<UNITS>10\
<UNITPRICE>240<MKTVAL>2400<DTPRICEASOF>20240105120000</INVPOS></POSSTOCK>
<POSMF><INVPOS><SECID><UNIQUEID>222222222<UNIQUEIDTYPE>CUSIP</SECID><HELDINACCT>CASH<POSTYPE>LONG<UNITS>2.5\
<UNITPRICE>100<MKTVAL>250<AVGCOSTBASIS>90<DTPRICEASOF>20240105120000</INVPOS></POSMF>
</INVPOSLIST>
<INVBAL><AVAILCASH>55.5<MARGINBALANCE>0<SHORTBALANCE>0</INVBAL>
</INVSTMTRS></INVSTMTTRNRS></INVSTMTMSGSRSV1>
<SECLISTMSGSRSV1><SECLIST>
<STOCKINFO><SECINFO><SECID><UNIQUEID>111111111<UNIQUEIDTYPE>CUSIP</SECID><SECNAME>ONE<TICKER>VTI</SECINFO></STOCKINFO>
<MFINFO><SECINFO><SECID><UNIQUEID>222222222<UNIQUEIDTYPE>CUSIP</SECID><SECNAME>TWO<TICKER>VTSAX</SECINFO></MFINFO>
</SECLIST></SECLISTMSGSRSV1>
</OFX>
"""

#: Every layout once; positions and lots of one broker belong together.
CSVS = {
    "schwab.csv": SCHWAB, "schwab_lots.csv": SCHWAB_LOTS, "fidelity.csv": FIDELITY, "fidelity_lots.csv": FIDELITY_LOTS,
    "vanguard.csv": VANGUARD, "vanguard_lots.csv": VANGUARD_LOTS, "activity.csv": ACTIVITY, "flex.csv": FLEX,
    "flex_cash.csv": FLEX_CASH,
}  # fmt: skip


def exported(text: str, name: str = "x.csv") -> Export:
    """The text read, as files are, without its byte-order mark."""
    return read_broker_csv(text.removeprefix("\ufeff"), name)


def faults(export: Export) -> list[str]:
    return [f"{finding.severity}: {finding}" for finding in export.findings]
