/** Symbol | name | industry | N (NYSE) or Q (Nasdaq) | price | shares in millions | dividend yield in percent */
export const INDUSTRIALS = `
GE|GE Aerospace|Aerospace & Defense|N|300|1060|0.5
CAT|Caterpillar Inc.|Farm & Heavy Construction Machinery|N|480|468|1.3
RTX|RTX Corporation|Aerospace & Defense|N|165|1339|1.7
UBER|Uber Technologies, Inc.|Software - Application|N|97|2085|0
HON|Honeywell International Inc.|Conglomerates|Q|208|635|2.2
UNP|Union Pacific Corporation|Railroads|N|232|593|2.4
BA|The Boeing Company|Aerospace & Defense|N|215|756|0
DE|Deere & Company|Farm & Heavy Construction Machinery|N|460|271|1.4
ETN|Eaton Corporation plc|Specialty Industrial Machinery|N|372|390|1.1
LMT|Lockheed Martin Corporation|Aerospace & Defense|N|500|233|2.7
ADP|Automatic Data Processing, Inc.|Software - Application|Q|290|405|2.1
GEV|GE Vernova Inc.|Specialty Industrial Machinery|N|610|272|0.2
PH|Parker-Hannifin Corporation|Specialty Industrial Machinery|N|750|127|1.0
TT|Trane Technologies plc|Building Products & Equipment|N|420|223|0.9
GD|General Dynamics Corporation|Aerospace & Defense|N|340|269|1.8
WM|Waste Management, Inc.|Waste Management|N|218|403|1.5
NOC|Northrop Grumman Corporation|Aerospace & Defense|N|605|143|1.5
UPS|United Parcel Service, Inc.|Integrated Freight & Logistics|N|85|734|7.7
MMM|3M Company|Conglomerates|N|155|533|1.9
EMR|Emerson Electric Co.|Specialty Industrial Machinery|N|131|563|1.6
ITW|Illinois Tool Works Inc.|Specialty Industrial Machinery|N|258|292|2.4
CSX|CSX Corporation|Railroads|Q|35|1865|1.5
TDG|TransDigm Group Incorporated|Aerospace & Defense|N|1300|56|0
JCI|Johnson Controls International plc|Building Products & Equipment|N|109|655|1.5
CTAS|Cintas Corporation|Specialty Business Services|Q|203|403|0.9
NSC|Norfolk Southern Corporation|Railroads|N|298|224|1.8
FDX|FedEx Corporation|Integrated Freight & Logistics|N|238|236|2.4
CMI|Cummins Inc.|Specialty Industrial Machinery|N|425|138|1.9
PCAR|PACCAR Inc|Farm & Heavy Construction Machinery|Q|97|525|1.4
AXON|Axon Enterprise, Inc.|Aerospace & Defense|Q|715|79|0
LHX|L3Harris Technologies, Inc.|Aerospace & Defense|N|300|187|1.6
HWM|Howmet Aerospace Inc.|Aerospace & Defense|N|192|403|0.2
CARR|Carrier Global Corporation|Building Products & Equipment|N|58|851|1.5
RSG|Republic Services, Inc.|Waste Management|N|228|312|1.1
GWW|W.W. Grainger, Inc.|Industrial Distribution|N|960|48|0.9
FAST|Fastenal Company|Industrial Distribution|Q|48|1148|1.8
URI|United Rentals, Inc.|Rental & Leasing Services|N|950|64|0.8
CPRT|Copart, Inc.|Specialty Business Services|Q|45|967|0
PAYX|Paychex, Inc.|Software - Application|Q|127|360|3.4
VRSK|Verisk Analytics, Inc.|Consulting Services|Q|250|140|0.7
ODFL|Old Dominion Freight Line, Inc.|Trucking|Q|141|210|0.8
IR|Ingersoll Rand Inc.|Specialty Industrial Machinery|N|82|397|0.1
AME|AMETEK, Inc.|Specialty Industrial Machinery|N|187|231|0.7
OTIS|Otis Worldwide Corporation|Specialty Industrial Machinery|N|91|392|1.8
ROK|Rockwell Automation, Inc.|Specialty Industrial Machinery|N|350|112|1.5
WAB|Westinghouse Air Brake Technologies Corporation|Railroads|N|200|171|0.5
EFX|Equifax Inc.|Consulting Services|N|255|122|0.8
DAL|Delta Air Lines, Inc.|Airlines|N|58|653|1.3
UAL|United Airlines Holdings, Inc.|Airlines|Q|97|324|0
LUV|Southwest Airlines Co.|Airlines|N|32|524|2.2
AAL|American Airlines Group Inc.|Airlines|Q|11.5|660|0
XYL|Xylem Inc.|Specialty Industrial Machinery|N|147|243|1.1
DOV|Dover Corporation|Specialty Industrial Machinery|N|167|137|1.2
HUBB|Hubbell Incorporated|Electrical Equipment & Parts|N|430|53|1.2
FTV|Fortive Corporation|Scientific & Technical Instruments|N|49|338|0.7
BR|Broadridge Financial Solutions, Inc.|Information Technology Services|N|238|117|1.6
VLTO|Veralto Corporation|Pollution & Treatment Controls|N|105|248|0.4
LDOS|Leidos Holdings, Inc.|Information Technology Services|N|188|128|0.9
PWR|Quanta Services, Inc.|Engineering & Construction|N|415|149|0.1
J|Jacobs Solutions Inc.|Engineering & Construction|N|150|120|0.9
TXT|Textron Inc.|Aerospace & Defense|N|84|178|0.1
MAS|Masco Corporation|Building Products & Equipment|N|70|209|1.8
SNA|Snap-on Incorporated|Tools & Accessories|N|345|52|2.5
PNR|Pentair plc|Specialty Industrial Machinery|N|111|164|0.9
NDSN|Nordson Corporation|Specialty Industrial Machinery|Q|227|56|1.4
IEX|IDEX Corporation|Specialty Industrial Machinery|N|163|75|1.7
SWK|Stanley Black & Decker, Inc.|Tools & Accessories|N|74|155|4.5
EXPD|Expeditors International of Washington, Inc.|Integrated Freight & Logistics|N|123|136|1.2
JBHT|J.B. Hunt Transport Services, Inc.|Integrated Freight & Logistics|Q|134|97|1.3
CHRW|C.H. Robinson Worldwide, Inc.|Integrated Freight & Logistics|Q|132|118|1.9
ALLE|Allegion plc|Security & Protection Services|N|177|86|1.1
ROL|Rollins, Inc.|Personal Services|N|58|485|1.1
HII|Huntington Ingalls Industries, Inc.|Aerospace & Defense|N|285|39|1.9
GNRC|Generac Holdings Inc.|Specialty Industrial Machinery|N|170|59|0
AOS|A. O. Smith Corporation|Specialty Industrial Machinery|N|72|140|1.9
LII|Lennox International Inc.|Building Products & Equipment|N|530|35|1.0
`
