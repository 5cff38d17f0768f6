/** Symbol | name | N (NYSE Arca) or Q (Nasdaq) | price | shares in millions | yield | beta | GICS sector it follows */
export const FUNDS = `
SPY|SPDR S&P 500 ETF Trust|N|660|1020|1.1|1|
VOO|Vanguard S&P 500 ETF|N|607|1190|1.1|1|
IVV|iShares Core S&P 500 ETF|N|663|990|1.2|1|
QQQ|Invesco QQQ Trust|Q|600|640|0.5|1.15|
DIA|SPDR Dow Jones Industrial Average ETF Trust|N|463|88|1.5|0.85|
IWM|iShares Russell 2000 ETF|N|243|290|1.0|1.15|
MDY|SPDR S&P MidCap 400 ETF Trust|N|594|39|1.2|1.05|
VTI|Vanguard Total Stock Market ETF|N|325|1660|1.1|1.02|
EFA|iShares MSCI EAFE ETF|N|93|720|2.7|0.7|
EEM|iShares MSCI Emerging Markets ETF|N|53|360|2.2|0.75|
VEA|Vanguard FTSE Developed Markets ETF|N|60|2800|2.7|0.7|
ARKK|ARK Innovation ETF|N|84|100|0|1.8|
XLK|Technology Select Sector SPDR Fund|N|280|320|0.6|1|Information Technology
XLC|Communication Services Select Sector SPDR Fund|N|118|215|1.0|1|Communication Services
XLY|Consumer Discretionary Select Sector SPDR Fund|N|239|100|0.8|1|Consumer Discretionary
XLP|Consumer Staples Select Sector SPDR Fund|N|79|200|2.6|1|Consumer Staples
XLF|Financial Select Sector SPDR Fund|N|53|980|1.4|1|Financials
XLV|Health Care Select Sector SPDR Fund|N|142|245|1.7|1|Health Care
XLI|Industrial Select Sector SPDR Fund|N|154|160|1.3|1|Industrials
XLE|Energy Select Sector SPDR Fund|N|88|300|3.3|1|Energy
XLB|Materials Select Sector SPDR Fund|N|88|60|1.9|1|Materials
XLU|Utilities Select Sector SPDR Fund|N|89|245|2.6|1|Utilities
XLRE|Real Estate Select Sector SPDR Fund|N|42|190|3.3|1|Real Estate
SMH|VanEck Semiconductor ETF|Q|335|85|0.3|1.3|Information Technology
TLT|iShares 20+ Year Treasury Bond ETF|Q|90|540|4.3|-0.2|
AGG|iShares Core U.S. Aggregate Bond ETF|N|100|1300|3.8|-0.05|
GLD|SPDR Gold Shares|N|370|340|0|0.05|
SLV|iShares Silver Trust|N|43|540|0|0.2|
USO|United States Oil Fund, LP|N|72|14|0|0.3|
HYG|iShares iBoxx $ High Yield Corporate Bond ETF|N|81|230|5.7|0.35|
`

/** Symbol | name | venue | level | currency | beta to its market | own volatility a day in percent */
export const INDICES = `
^GSPC|S&P 500|new-york|6650|USD|1|0.03
^DJI|Dow Jones Industrial Average|new-york|46300|USD|0.85|0.2
^IXIC|NASDAQ Composite|new-york|22500|USD|1.15|0.25
^RUT|Russell 2000|new-york|2440|USD|1.15|0.4
^VIX|CBOE Volatility Index|new-york|16.5|USD|-4.5|3.5
^FTSE|FTSE 100|london|9290|GBP|1|0.05
^GDAXI|DAX|frankfurt|23800|EUR|1|0.1
^FCHI|CAC 40|paris|7900|EUR|1|0.1
^STOXX50E|EURO STOXX 50|frankfurt|5530|EUR|1|0.1
^N225|Nikkei 225|tokyo|45300|JPY|1.1|0.2
^HSI|Hang Seng Index|hong-kong|26300|HKD|1.2|0.3
^BSESN|S&P BSE SENSEX|mumbai|81500|INR|1|0.05
^NSEI|NIFTY 50|mumbai|25000|INR|1|0.05
^NSEBANK|NIFTY BANK|mumbai|56000|INR|1.1|0.15
^NIFTY_FIN_SERVICE|NIFTY FIN SERVICE|mumbai|26500|INR|1.05|0.15
^NIFTY_MID_SELECT|NIFTY MID SELECT|mumbai|13000|INR|1.1|0.2
^GSPTSE|S&P/TSX Composite Index|toronto|29900|CAD|0.9|0.1
^AXJO|S&P/ASX 200|sydney|8800|AUD|0.9|0.1
`

/** Symbol | name | level in US dollars | supply in millions | own volatility a day in percent */
export const CRYPTO = `
BTC-USD|Bitcoin USD|112000|19.9|2.2
ETH-USD|Ethereum USD|4200|120.7|3.2
SOL-USD|Solana USD|210|543|4
XRP-USD|XRP USD|2.9|59800|3.8
BNB-USD|BNB USD|980|139|2.6
DOGE-USD|Dogecoin USD|0.24|151000|4.5
ADA-USD|Cardano USD|0.8|35800|4
LTC-USD|Litecoin USD|106|76|3.5
LINK-USD|Chainlink USD|21.5|678|4
AVAX-USD|Avalanche USD|30|422|4.2
`

/** Symbol | name | rate | own volatility a day in percent */
export const CURRENCY_PAIRS = `
EURUSD=X|EUR/USD|1.1735|0.4
GBPUSD=X|GBP/USD|1.3440|0.42
AUDUSD=X|AUD/USD|0.6590|0.5
NZDUSD=X|NZD/USD|0.5800|0.5
USDJPY=X|USD/JPY|148.30|0.5
USDCAD=X|USD/CAD|1.3930|0.32
USDCHF=X|USD/CHF|0.7970|0.4
USDINR=X|USD/INR|88.70|0.2
USDCNY=X|USD/CNY|7.1200|0.12
EURGBP=X|EUR/GBP|0.8730|0.3
EURJPY=X|EUR/JPY|174.00|0.5
`
