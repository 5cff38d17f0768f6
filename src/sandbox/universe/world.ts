/** Symbol | name | GICS sector | industry | price in pence | shares in millions | dividend yield in percent */
export const LONDON = `
AZN.L|AstraZeneca PLC|Health Care|Drug Manufacturers - General|11200|1550|2.1
HSBA.L|HSBC Holdings plc|Financials|Banks - Diversified|1040|17300|4.7
SHEL.L|Shell plc|Energy|Oil & Gas Integrated|2680|5850|3.9
ULVR.L|Unilever PLC|Consumer Staples|Household & Personal Products|4450|2450|3.5
BP.L|BP p.l.c.|Energy|Oil & Gas Integrated|425|15500|5.7
RIO.L|Rio Tinto Group|Materials|Other Industrial Metals & Mining|4850|1250|5.7
GSK.L|GSK plc|Health Care|Drug Manufacturers - General|1530|4050|4.1
DGE.L|Diageo plc|Consumer Staples|Beverages - Wineries & Distilleries|1790|2225|4.3
BARC.L|Barclays PLC|Financials|Banks - Diversified|380|14100|2.2
LLOY.L|Lloyds Banking Group plc|Financials|Banks - Regional|84|59500|3.8
VOD.L|Vodafone Group Public Limited Company|Communication Services|Telecom Services|86|24000|4.5
TSCO.L|Tesco PLC|Consumer Staples|Grocery Stores|440|6500|3.1
RR.L|Rolls-Royce Holdings plc|Industrials|Aerospace & Defense|1180|8450|0.8
BATS.L|British American Tobacco p.l.c.|Consumer Staples|Tobacco|3900|2190|6.1
OCDO.L|Ocado Group plc|Consumer Discretionary|Internet Retail|308|824|0
`

/** Columns as above; prices in Canadian dollars. */
export const TORONTO = `
RY.TO|Royal Bank of Canada|Financials|Banks - Diversified|204|1408|3.0
TD.TO|The Toronto-Dominion Bank|Financials|Banks - Diversified|111|1720|3.8
SHOP.TO|Shopify Inc.|Information Technology|Software - Application|205|1300|0
ENB.TO|Enbridge Inc.|Energy|Oil & Gas Midstream|69|2180|5.5
CNR.TO|Canadian National Railway Company|Industrials|Railroads|130|622|2.7
BMO.TO|Bank of Montreal|Financials|Banks - Diversified|180|716|3.6
CNQ.TO|Canadian Natural Resources Limited|Energy|Oil & Gas E&P|44|2087|5.3
SU.TO|Suncor Energy Inc.|Energy|Oil & Gas Integrated|57|1210|4.0
BCE.TO|BCE Inc.|Communication Services|Telecom Services|32.5|932|5.4
ATD.TO|Alimentation Couche-Tard Inc.|Consumer Staples|Grocery Stores|73|930|1.1
`

/** Columns as above; prices in Indian rupees. */
export const MUMBAI = `
NSE:RELIANCE|Reliance Industries Limited|Energy|Oil & Gas Refining & Marketing|1380|13532|0.4
NSE:TCS|Tata Consultancy Services Limited|Information Technology|Information Technology Services|2950|3618|2.1
NSE:HDFCBANK|HDFC Bank Limited|Financials|Banks - Regional|955|15360|1.2
NSE:INFY|Infosys Limited|Information Technology|Information Technology Services|1480|4150|2.9
NSE:ICICIBANK|ICICI Bank Limited|Financials|Banks - Regional|1370|7140|0.8
NSE:BHARTIARTL|Bharti Airtel Limited|Communication Services|Telecom Services|1930|6000|0.8
NSE:SBIN|State Bank of India|Financials|Banks - Regional|870|9230|1.8
NSE:ITC|ITC Limited|Consumer Staples|Tobacco|402|12520|3.6
NSE:LT|Larsen & Toubro Limited|Industrials|Engineering & Construction|3700|1375|0.9
NSE:HINDUNILVR|Hindustan Unilever Limited|Consumer Staples|Household & Personal Products|2530|2350|2.1
NSE:KOTAKBANK|Kotak Mahindra Bank Limited|Financials|Banks - Regional|2010|1988|0.1
NSE:BAJFINANCE|Bajaj Finance Limited|Financials|Credit Services|990|6220|0.6
NSE:MARUTI|Maruti Suzuki India Limited|Consumer Discretionary|Auto Manufacturers|16100|314|0.8
NSE:TITAN|Titan Company Limited|Consumer Discretionary|Luxury Goods|3400|888|0.3
NSE:SUNPHARMA|Sun Pharmaceutical Industries Limited|Health Care|Drug Manufacturers - Specialty & Generic|1600|2399|1.0
`
