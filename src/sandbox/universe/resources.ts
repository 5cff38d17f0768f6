/** Symbol | name | industry | N (NYSE) or Q (Nasdaq) | price | shares in millions | dividend yield in percent */
export const ENERGY = `
XOM|Exxon Mobil Corporation|Oil & Gas Integrated|N|113|4263|3.5
CVX|Chevron Corporation|Oil & Gas Integrated|N|155|2036|4.4
COP|ConocoPhillips|Oil & Gas E&P|N|94|1249|3.3
WMB|The Williams Companies, Inc.|Oil & Gas Midstream|N|63|1221|3.2
EOG|EOG Resources, Inc.|Oil & Gas E&P|N|113|546|3.6
KMI|Kinder Morgan, Inc.|Oil & Gas Midstream|N|28|2222|4.2
MPC|Marathon Petroleum Corporation|Oil & Gas Refining & Marketing|N|192|304|1.9
PSX|Phillips 66|Oil & Gas Refining & Marketing|N|135|404|3.6
SLB|SLB Limited|Oil & Gas Equipment & Services|N|34|1494|3.3
OKE|ONEOK, Inc.|Oil & Gas Midstream|N|73|630|5.6
VLO|Valero Energy Corporation|Oil & Gas Refining & Marketing|N|168|310|2.7
BKR|Baker Hughes Company|Oil & Gas Equipment & Services|Q|48|986|1.9
OXY|Occidental Petroleum Corporation|Oil & Gas E&P|N|47|984|2.0
FANG|Diamondback Energy, Inc.|Oil & Gas E&P|Q|143|289|2.8
TRGP|Targa Resources Corp.|Oil & Gas Midstream|N|167|215|2.4
EQT|EQT Corporation|Oil & Gas E&P|N|54|624|1.2
HAL|Halliburton Company|Oil & Gas Equipment & Services|N|24.5|853|2.8
DVN|Devon Energy Corporation|Oil & Gas E&P|N|35|635|2.7
CTRA|Coterra Energy Inc.|Oil & Gas E&P|N|24|763|3.7
EXE|Expand Energy Corporation|Oil & Gas E&P|Q|106|238|2.2
TPL|Texas Pacific Land Corporation|Oil & Gas E&P|N|930|23|0.7
APA|APA Corporation|Oil & Gas E&P|Q|24|358|4.1
`

/** Columns as above. */
export const MATERIALS = `
LIN|Linde plc|Specialty Chemicals|Q|475|469|1.3
SHW|The Sherwin-Williams Company|Specialty Chemicals|N|345|250|0.9
NEM|Newmont Corporation|Gold|N|84|1098|1.2
ECL|Ecolab Inc.|Specialty Chemicals|N|273|284|0.9
FCX|Freeport-McMoRan Inc.|Copper|N|40|1435|0.8
APD|Air Products and Chemicals, Inc.|Specialty Chemicals|N|272|223|2.6
CTVA|Corteva, Inc.|Agricultural Inputs|N|67|679|1.0
VMC|Vulcan Materials Company|Building Materials|N|307|132|0.6
MLM|Martin Marietta Materials, Inc.|Building Materials|N|630|60|0.5
NUE|Nucor Corporation|Steel|N|135|230|1.6
DD|DuPont de Nemours, Inc.|Specialty Chemicals|N|78|418|2.1
PPG|PPG Industries, Inc.|Specialty Chemicals|N|105|226|2.7
IP|International Paper Company|Packaging & Containers|N|46|528|4.0
SW|Smurfit Westrock Plc|Packaging & Containers|N|42|522|4.1
DOW|Dow Inc.|Chemicals|N|23|710|6.1
STLD|Steel Dynamics, Inc.|Steel|Q|140|147|1.4
LYB|LyondellBasell Industries N.V.|Specialty Chemicals|N|49|321|11
PKG|Packaging Corporation of America|Packaging & Containers|N|218|90|2.3
BALL|Ball Corporation|Packaging & Containers|N|50|272|1.6
AMCR|Amcor plc|Packaging & Containers|N|8.2|2305|6.2
IFF|International Flavors & Fragrances Inc.|Specialty Chemicals|N|62|256|2.6
CF|CF Industries Holdings, Inc.|Agricultural Inputs|N|90|162|2.2
MOS|The Mosaic Company|Agricultural Inputs|N|35|317|2.5
AVY|Avery Dennison Corporation|Packaging & Containers|N|162|78|2.3
ALB|Albemarle Corporation|Specialty Chemicals|N|82|118|2.0
EMN|Eastman Chemical Company|Specialty Chemicals|N|63|115|5.3
`

/** Columns as above. */
export const UTILITIES = `
NEE|NextEra Energy, Inc.|Utilities - Regulated Electric|N|78|2059|2.9
SO|The Southern Company|Utilities - Regulated Electric|N|95|1100|3.1
DUK|Duke Energy Corporation|Utilities - Regulated Electric|N|124|777|3.4
CEG|Constellation Energy Corporation|Utilities - Renewable|Q|335|312|0.5
VST|Vistra Corp.|Utilities - Independent Power Producers|N|200|339|0.5
AEP|American Electric Power Company, Inc.|Utilities - Regulated Electric|Q|113|535|3.3
SRE|Sempra|Utilities - Diversified|N|90|653|2.9
D|Dominion Energy, Inc.|Utilities - Regulated Electric|N|61|853|4.4
EXC|Exelon Corporation|Utilities - Regulated Electric|Q|45|1010|3.6
XEL|Xcel Energy Inc.|Utilities - Regulated Electric|Q|80|591|2.9
PEG|Public Service Enterprise Group Incorporated|Utilities - Regulated Electric|N|83|499|3.0
ETR|Entergy Corporation|Utilities - Regulated Electric|N|93|446|2.6
ED|Consolidated Edison, Inc.|Utilities - Regulated Electric|N|100|361|3.4
WEC|WEC Energy Group, Inc.|Utilities - Regulated Electric|N|114|322|3.1
PCG|PG&E Corporation|Utilities - Regulated Electric|N|15.5|2198|0.6
DTE|DTE Energy Company|Utilities - Regulated Electric|N|140|208|3.1
AWK|American Water Works Company, Inc.|Utilities - Regulated Water|N|139|195|2.4
AEE|Ameren Corporation|Utilities - Regulated Electric|N|103|270|2.8
ATO|Atmos Energy Corporation|Utilities - Regulated Gas|N|170|161|2.0
PPL|PPL Corporation|Utilities - Regulated Electric|N|37|739|2.9
ES|Eversource Energy|Utilities - Regulated Electric|N|70|371|4.3
CNP|CenterPoint Energy, Inc.|Utilities - Regulated Electric|N|39|653|2.3
FE|FirstEnergy Corp.|Utilities - Regulated Electric|N|45|577|3.9
CMS|CMS Energy Corporation|Utilities - Regulated Electric|N|73|299|3.0
EIX|Edison International|Utilities - Regulated Electric|N|56|385|5.9
NRG|NRG Energy, Inc.|Utilities - Independent Power Producers|N|165|194|1.1
NI|NiSource Inc.|Utilities - Regulated Gas|N|43|471|2.6
LNT|Alliant Energy Corporation|Utilities - Regulated Electric|Q|67|257|3.0
EVRG|Evergy, Inc.|Utilities - Regulated Electric|Q|75|230|3.6
PNW|Pinnacle West Capital Corporation|Utilities - Regulated Electric|N|90|119|4.0
AES|The AES Corporation|Utilities - Diversified|N|13.5|712|5.2
`

/** Columns as above. */
export const REAL_ESTATE = `
PLD|Prologis, Inc.|REIT - Industrial|N|115|928|3.5
AMT|American Tower Corporation|REIT - Specialty|N|192|468|3.5
EQIX|Equinix, Inc.|REIT - Specialty|Q|785|98|2.4
WELL|Welltower Inc.|REIT - Healthcare Facilities|N|175|669|1.7
DLR|Digital Realty Trust, Inc.|REIT - Specialty|N|172|341|2.8
SPG|Simon Property Group, Inc.|REIT - Retail|N|183|327|4.7
O|Realty Income Corporation|REIT - Retail|N|60|914|5.4
PSA|Public Storage|REIT - Industrial|N|290|175|4.1
CBRE|CBRE Group, Inc.|Real Estate Services|N|158|298|0
CCI|Crown Castle Inc.|REIT - Specialty|N|96|435|4.4
CSGP|CoStar Group, Inc.|Real Estate Services|Q|84|424|0
VICI|VICI Properties Inc.|REIT - Diversified|N|32|1067|5.6
EXR|Extra Space Storage Inc.|REIT - Industrial|N|141|212|4.6
IRM|Iron Mountain Incorporated|REIT - Specialty|N|102|295|3.1
AVB|AvalonBay Communities, Inc.|REIT - Residential|N|193|142|3.6
EQR|Equity Residential|REIT - Residential|N|65|382|4.3
VTR|Ventas, Inc.|REIT - Healthcare Facilities|N|70|455|2.7
SBAC|SBA Communications Corporation|REIT - Specialty|Q|193|107|2.3
WY|Weyerhaeuser Company|REIT - Specialty|N|25|722|3.4
ESS|Essex Property Trust, Inc.|REIT - Residential|N|268|64|3.8
INVH|Invitation Homes Inc.|REIT - Residential|N|29|613|4.0
MAA|Mid-America Apartment Communities, Inc.|REIT - Residential|N|139|117|4.4
KIM|Kimco Realty Corporation|REIT - Retail|N|22|677|4.6
UDR|UDR, Inc.|REIT - Residential|N|37|331|4.6
DOC|Healthpeak Properties, Inc.|REIT - Healthcare Facilities|N|19|695|6.4
REG|Regency Centers Corporation|REIT - Retail|Q|72|182|3.9
CPT|Camden Property Trust|REIT - Residential|N|106|107|4.0
HST|Host Hotels & Resorts, Inc.|REIT - Hotel & Motel|Q|17|688|4.7
BXP|BXP, Inc.|REIT - Office|N|75|158|3.7
ARE|Alexandria Real Estate Equities, Inc.|REIT - Office|N|83|173|6.4
FRT|Federal Realty Investment Trust|REIT - Retail|N|100|86|4.5
`
