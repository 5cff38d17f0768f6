/** Symbol | name | industry | N (NYSE) or Q (Nasdaq) | price | shares in millions | dividend yield in percent */
export const CONSUMER_DISCRETIONARY = `
AMZN|Amazon.com, Inc.|Internet Retail|Q|222|10660|0
TSLA|Tesla, Inc.|Auto Manufacturers|Q|430|3325|0
HD|The Home Depot, Inc.|Home Improvement Retail|N|400|995|2.3
MCD|McDonald's Corporation|Restaurants|N|303|714|2.4
NKE|NIKE, Inc.|Footwear & Accessories|N|70|1477|2.3
LOW|Lowe's Companies, Inc.|Home Improvement Retail|N|250|561|1.9
SBUX|Starbucks Corporation|Restaurants|Q|85|1137|2.9
BKNG|Booking Holdings Inc.|Travel Services|Q|5400|32.4|0.7
TJX|The TJX Companies, Inc.|Apparel Retail|N|143|1113|1.2
ORLY|O'Reilly Automotive, Inc.|Auto Parts|Q|105|847|0
CMG|Chipotle Mexican Grill, Inc.|Restaurants|N|40|1341|0
ABNB|Airbnb, Inc.|Travel Services|Q|122|613|0
MAR|Marriott International, Inc.|Lodging|Q|262|272|1.0
HLT|Hilton Worldwide Holdings Inc.|Lodging|N|262|235|0.2
GM|General Motors Company|Auto Manufacturers|N|60|952|1.0
F|Ford Motor Company|Auto Manufacturers|N|12|3980|5.0
AZO|AutoZone, Inc.|Auto Parts|N|4200|16.7|0
ROST|Ross Stores, Inc.|Apparel Retail|Q|152|326|1.1
DHI|D.R. Horton, Inc.|Residential Construction|N|168|298|1.0
LEN|Lennar Corporation|Residential Construction|N|127|257|1.6
YUM|Yum! Brands, Inc.|Restaurants|N|150|278|1.9
EBAY|eBay Inc.|Internet Retail|Q|91|457|1.3
LULU|Lululemon Athletica Inc.|Apparel Retail|Q|175|118|0
RCL|Royal Caribbean Cruises Ltd.|Travel Services|N|320|272|1.2
CCL|Carnival Corporation & plc|Travel Services|N|29|1312|0
NCLH|Norwegian Cruise Line Holdings Ltd.|Travel Services|N|24|452|0
EXPE|Expedia Group, Inc.|Travel Services|Q|215|124|0.7
DRI|Darden Restaurants, Inc.|Restaurants|N|190|117|3.1
DPZ|Domino's Pizza, Inc.|Restaurants|Q|430|34|1.6
PHM|PulteGroup, Inc.|Residential Construction|N|132|197|0.7
NVR|NVR, Inc.|Residential Construction|N|8000|2.9|0
GPC|Genuine Parts Company|Auto Parts|N|138|139|3.0
ULTA|Ulta Beauty, Inc.|Specialty Retail|Q|540|45|0
BBY|Best Buy Co., Inc.|Specialty Retail|N|76|210|5.0
TSCO|Tractor Supply Company|Specialty Retail|Q|56|530|1.6
LVS|Las Vegas Sands Corp.|Resorts & Casinos|N|53|687|1.9
MGM|MGM Resorts International|Resorts & Casinos|N|34|272|0
WYNN|Wynn Resorts, Limited|Resorts & Casinos|Q|127|104|0.8
CZR|Caesars Entertainment, Inc.|Resorts & Casinos|Q|26|208|0
GRMN|Garmin Ltd.|Scientific & Technical Instruments|N|245|192|1.5
HAS|Hasbro, Inc.|Leisure|Q|75|140|3.7
POOL|Pool Corporation|Industrial Distribution|Q|310|37|1.6
TPR|Tapestry, Inc.|Luxury Goods|N|113|207|1.4
RL|Ralph Lauren Corporation|Apparel Manufacturing|N|315|61|1.1
DECK|Deckers Outdoor Corporation|Footwear & Accessories|N|102|148|0
KMX|CarMax, Inc.|Auto & Truck Dealerships|N|45|150|0
APTV|Aptiv PLC|Auto Parts|N|85|218|0
DASH|DoorDash, Inc.|Internet Content & Information|Q|270|426|0
WSM|Williams-Sonoma, Inc.|Specialty Retail|N|195|122|1.4
CVNA|Carvana Co.|Auto & Truck Dealerships|N|375|141|0
RIVN|Rivian Automotive, Inc.|Auto Manufacturers|Q|13.5|1214|0
LCID|Lucid Group, Inc.|Auto Manufacturers|Q|22|307|0
DKNG|DraftKings Inc.|Gambling|Q|36|497|0
ETSY|Etsy, Inc.|Internet Retail|N|66|99|0
CHWY|Chewy, Inc.|Internet Retail|N|40|415|0
GME|GameStop Corp.|Specialty Retail|N|26|447|0
`

/** Columns as above. */
export const CONSUMER_STAPLES = `
WMT|Walmart Inc.|Discount Stores|N|103|7980|0.9
COST|Costco Wholesale Corporation|Discount Stores|Q|925|443|0.6
PG|The Procter & Gamble Company|Household & Personal Products|N|152|2341|2.8
KO|The Coca-Cola Company|Beverages - Non-Alcoholic|N|66|4304|3.1
PEP|PepsiCo, Inc.|Beverages - Non-Alcoholic|Q|141|1369|4.0
PM|Philip Morris International Inc.|Tobacco|N|162|1557|3.6
MO|Altria Group, Inc.|Tobacco|N|66|1681|6.4
MDLZ|Mondelez International, Inc.|Confectioners|Q|62|1294|3.2
CL|Colgate-Palmolive Company|Household & Personal Products|N|80|808|2.6
TGT|Target Corporation|Discount Stores|N|89|454|5.1
KMB|Kimberly-Clark Corporation|Household & Personal Products|Q|124|332|4.1
KVUE|Kenvue Inc.|Household & Personal Products|N|16.5|1919|5.0
MNST|Monster Beverage Corporation|Beverages - Non-Alcoholic|Q|67|977|0
STZ|Constellation Brands, Inc.|Beverages - Brewers|N|135|176|3.0
KR|The Kroger Co.|Grocery Stores|N|67|662|2.1
SYY|Sysco Corporation|Food Distribution|N|82|479|2.6
GIS|General Mills, Inc.|Packaged Foods|N|50|542|4.8
ADM|Archer-Daniels-Midland Company|Farm Products|N|60|481|3.4
HSY|The Hershey Company|Confectioners|N|187|203|2.9
KHC|The Kraft Heinz Company|Packaged Foods|Q|26|1184|6.1
DG|Dollar General Corporation|Discount Stores|N|103|220|2.3
DLTR|Dollar Tree, Inc.|Discount Stores|Q|94|204|0
EL|The Estee Lauder Companies Inc.|Household & Personal Products|N|88|360|1.6
KDP|Keurig Dr Pepper Inc.|Beverages - Non-Alcoholic|Q|26|1358|3.5
CHD|Church & Dwight Co., Inc.|Household & Personal Products|N|88|240|1.3
CLX|The Clorox Company|Household & Personal Products|N|123|122|4.0
TSN|Tyson Foods, Inc.|Farm Products|N|54|355|3.7
HRL|Hormel Foods Corporation|Packaged Foods|N|25|550|4.7
MKC|McCormick & Company, Incorporated|Packaged Foods|N|67|268|2.7
SJM|The J. M. Smucker Company|Packaged Foods|N|108|107|4.0
CAG|Conagra Brands, Inc.|Packaged Foods|N|18.5|478|7.6
CPB|The Campbell's Company|Packaged Foods|Q|32|298|4.9
TAP|Molson Coors Beverage Company|Beverages - Brewers|N|46|198|4.1
BG|Bunge Global SA|Farm Products|N|82|200|3.4
LW|Lamb Weston Holdings, Inc.|Packaged Foods|N|58|139|2.6
BF.B|Brown-Forman Corporation Class B|Beverages - Wineries & Distilleries|N|28|303|3.2
CELH|Celsius Holdings, Inc.|Beverages - Non-Alcoholic|Q|58|258|0
`
