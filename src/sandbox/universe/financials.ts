/** Symbol | name | industry | N (NYSE) or Q (Nasdaq) | price | shares in millions | dividend yield in percent */
export const FINANCIALS = `
BRK.B|Berkshire Hathaway Inc. Class B|Insurance - Diversified|N|498|1341|0
BRK.A|Berkshire Hathaway Inc. Class A|Insurance - Diversified|N|747000|0.53|0
JPM|JPMorgan Chase & Co.|Banks - Diversified|N|312|2722|1.9
V|Visa Inc.|Credit Services|N|345|1692|0.7
MA|Mastercard Incorporated|Credit Services|N|575|898|0.5
BAC|Bank of America Corporation|Banks - Diversified|N|51|7405|2.2
WFC|Wells Fargo & Company|Banks - Diversified|N|83|3203|2.2
GS|The Goldman Sachs Group, Inc.|Capital Markets|N|795|303|2.0
MS|Morgan Stanley|Capital Markets|N|158|1597|2.5
AXP|American Express Company|Credit Services|N|335|694|1.0
SPGI|S&P Global Inc.|Financial Data & Stock Exchanges|N|485|305|0.8
C|Citigroup Inc.|Banks - Diversified|N|100|1841|2.4
BLK|BlackRock, Inc.|Asset Management|N|1160|155|1.8
SCHW|The Charles Schwab Corporation|Capital Markets|N|94|1815|1.1
PGR|The Progressive Corporation|Insurance - Property & Casualty|N|243|586|0.2
CB|Chubb Limited|Insurance - Property & Casualty|N|280|399|1.4
MMC|Marsh & McLennan Companies, Inc.|Insurance Brokers|N|202|492|1.8
BX|Blackstone Inc.|Asset Management|N|170|738|2.7
KKR|KKR & Co. Inc.|Asset Management|N|130|891|0.6
APO|Apollo Global Management, Inc.|Asset Management|N|132|572|1.6
ICE|Intercontinental Exchange, Inc.|Financial Data & Stock Exchanges|N|168|573|1.1
CME|CME Group Inc.|Financial Data & Stock Exchanges|Q|268|360|1.9
MCO|Moody's Corporation|Financial Data & Stock Exchanges|N|478|179|0.8
AON|Aon plc|Insurance Brokers|N|357|215|0.8
AJG|Arthur J. Gallagher & Co.|Insurance Brokers|N|308|256|0.8
PNC|The PNC Financial Services Group, Inc.|Banks - Regional|N|200|394|3.3
USB|U.S. Bancorp|Banks - Regional|N|48|1556|4.2
COF|Capital One Financial Corporation|Credit Services|N|215|640|1.1
TFC|Truist Financial Corporation|Banks - Regional|N|45|1289|4.6
BK|The Bank of New York Mellon Corporation|Asset Management|N|108|705|1.9
TRV|The Travelers Companies, Inc.|Insurance - Property & Casualty|N|278|225|1.6
AFL|Aflac Incorporated|Insurance - Life|N|111|535|2.1
ALL|The Allstate Corporation|Insurance - Property & Casualty|N|213|264|1.9
MET|MetLife, Inc.|Insurance - Life|N|81|665|2.8
PRU|Prudential Financial, Inc.|Insurance - Life|N|103|352|5.2
AIG|American International Group, Inc.|Insurance - Diversified|N|79|560|2.2
MSCI|MSCI Inc.|Financial Data & Stock Exchanges|N|570|77|1.3
FIS|Fidelity National Information Services, Inc.|Information Technology Services|N|66|522|2.4
PYPL|PayPal Holdings, Inc.|Credit Services|Q|68|955|0.8
NDAQ|Nasdaq, Inc.|Financial Data & Stock Exchanges|Q|88|574|1.2
HIG|The Hartford Insurance Group, Inc.|Insurance - Property & Casualty|N|133|281|1.6
STT|State Street Corporation|Asset Management|N|115|284|2.8
MTB|M&T Bank Corporation|Banks - Regional|N|195|156|3.0
FITB|Fifth Third Bancorp|Banks - Regional|Q|44|662|3.5
HBAN|Huntington Bancshares Incorporated|Banks - Regional|Q|17|1459|3.6
RF|Regions Financial Corporation|Banks - Regional|N|26|888|4.0
CFG|Citizens Financial Group, Inc.|Banks - Regional|N|53|432|3.2
KEY|KeyCorp|Banks - Regional|N|18.5|1096|4.4
NTRS|Northern Trust Corporation|Asset Management|Q|133|191|2.4
SYF|Synchrony Financial|Credit Services|N|72|372|1.7
AMP|Ameriprise Financial, Inc.|Asset Management|N|490|94|1.3
WTW|Willis Towers Watson Public Limited Company|Insurance Brokers|Q|340|98|1.1
TROW|T. Rowe Price Group, Inc.|Asset Management|Q|103|220|4.9
RJF|Raymond James Financial, Inc.|Capital Markets|N|172|199|1.2
ACGL|Arch Capital Group Ltd.|Insurance - Diversified|Q|91|372|0
WRB|W. R. Berkley Corporation|Insurance - Property & Casualty|N|76|380|0.5
CINF|Cincinnati Financial Corporation|Insurance - Property & Casualty|Q|158|156|2.2
BRO|Brown & Brown, Inc.|Insurance Brokers|N|94|330|0.6
CBOE|Cboe Global Markets, Inc.|Financial Data & Stock Exchanges|N|245|105|1.2
PFG|Principal Financial Group, Inc.|Insurance - Diversified|Q|82|223|3.8
L|Loews Corporation|Insurance - Property & Casualty|N|100|208|0.3
GL|Globe Life Inc.|Insurance - Life|N|143|81|0.8
IVZ|Invesco Ltd.|Asset Management|N|23|446|3.7
BEN|Franklin Resources, Inc.|Asset Management|N|23|518|5.6
FDS|FactSet Research Systems Inc.|Financial Data & Stock Exchanges|N|287|38|1.5
JKHY|Jack Henry & Associates, Inc.|Information Technology Services|Q|150|73|1.5
GPN|Global Payments Inc.|Information Technology Services|N|84|243|1.2
CPAY|Corpay, Inc.|Software - Infrastructure|N|290|71|0
COIN|Coinbase Global, Inc.|Financial Data & Stock Exchanges|Q|345|257|0
HOOD|Robinhood Markets, Inc.|Capital Markets|Q|140|889|0
SOFI|SoFi Technologies, Inc.|Credit Services|Q|27|1197|0
AFRM|Affirm Holdings, Inc.|Software - Infrastructure|Q|74|324|0
IBKR|Interactive Brokers Group, Inc.|Capital Markets|Q|67|1779|0.5
ALLY|Ally Financial Inc.|Credit Services|N|39|308|3.1
MSTR|Strategy Inc|Software - Application|Q|320|283|0
`
