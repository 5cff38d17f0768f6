/** Symbol | name | industry | N (NYSE) or Q (Nasdaq) | price | shares in millions | dividend yield in percent */
export const HEALTH_CARE = `
LLY|Eli Lilly and Company|Drug Manufacturers - General|N|830|947|0.7
UNH|UnitedHealth Group Incorporated|Healthcare Plans|N|355|906|2.5
JNJ|Johnson & Johnson|Drug Manufacturers - General|N|188|2408|2.8
ABBV|AbbVie Inc.|Drug Manufacturers - General|N|228|1767|2.9
MRK|Merck & Co., Inc.|Drug Manufacturers - General|N|86|2498|3.8
TMO|Thermo Fisher Scientific Inc.|Diagnostics & Research|N|545|378|0.3
ABT|Abbott Laboratories|Medical Devices|N|131|1740|1.8
ISRG|Intuitive Surgical, Inc.|Medical Instruments & Supplies|Q|450|358|0
AMGN|Amgen Inc.|Drug Manufacturers - General|Q|297|538|3.2
DHR|Danaher Corporation|Diagnostics & Research|N|212|716|0.6
BSX|Boston Scientific Corporation|Medical Devices|N|98|1481|0
PFE|Pfizer Inc.|Drug Manufacturers - General|N|24.7|5686|7.0
SYK|Stryker Corporation|Medical Devices|N|370|382|0.9
GILD|Gilead Sciences, Inc.|Drug Manufacturers - General|Q|118|1241|2.7
VRTX|Vertex Pharmaceuticals Incorporated|Biotechnology|Q|410|256|0
MDT|Medtronic plc|Medical Devices|N|95|1283|3.0
BMY|Bristol-Myers Squibb Company|Drug Manufacturers - General|N|44|2035|5.6
ELV|Elevance Health, Inc.|Healthcare Plans|N|350|225|1.9
CI|The Cigna Group|Healthcare Plans|N|300|267|2.0
MCK|McKesson Corporation|Medical Distribution|N|775|124|0.4
CVS|CVS Health Corporation|Healthcare Plans|N|79|1268|3.4
REGN|Regeneron Pharmaceuticals, Inc.|Biotechnology|Q|580|106|0.6
HCA|HCA Healthcare, Inc.|Medical Care Facilities|N|425|234|0.7
ZTS|Zoetis Inc.|Drug Manufacturers - Specialty & Generic|N|146|443|1.4
BDX|Becton, Dickinson and Company|Medical Instruments & Supplies|N|188|287|2.2
COR|Cencora, Inc.|Medical Distribution|N|315|194|0.7
EW|Edwards Lifesciences Corporation|Medical Devices|N|75|587|0
CAH|Cardinal Health, Inc.|Medical Distribution|N|158|239|1.3
GEHC|GE HealthCare Technologies Inc.|Health Information Services|Q|75|456|0.2
IDXX|IDEXX Laboratories, Inc.|Diagnostics & Research|Q|635|80|0
A|Agilent Technologies, Inc.|Diagnostics & Research|N|143|284|0.7
IQV|IQVIA Holdings Inc.|Diagnostics & Research|N|208|170|0
RMD|ResMed Inc.|Medical Instruments & Supplies|N|270|146|0.9
HUM|Humana Inc.|Healthcare Plans|N|275|120|1.3
CNC|Centene Corporation|Healthcare Plans|N|37|491|0
DXCM|DexCom, Inc.|Medical Devices|Q|67|392|0
MTD|Mettler-Toledo International Inc.|Diagnostics & Research|N|1290|21|0
BIIB|Biogen Inc.|Drug Manufacturers - General|Q|150|147|0
WAT|Waters Corporation|Diagnostics & Research|N|330|60|0
STE|STERIS plc|Medical Devices|N|243|98|1.0
ZBH|Zimmer Biomet Holdings, Inc.|Medical Devices|N|100|198|1.0
LH|Labcorp Holdings Inc.|Diagnostics & Research|N|280|83|1.0
DGX|Quest Diagnostics Incorporated|Diagnostics & Research|N|185|112|1.7
MRNA|Moderna, Inc.|Biotechnology|Q|26|390|0
HOLX|Hologic, Inc.|Medical Instruments & Supplies|Q|68|222|0
COO|The Cooper Companies, Inc.|Medical Instruments & Supplies|Q|70|199|0
ALGN|Align Technology, Inc.|Medical Instruments & Supplies|Q|130|72|0
PODD|Insulet Corporation|Medical Devices|Q|315|70|0
BAX|Baxter International Inc.|Medical Instruments & Supplies|N|23|513|3.0
VTRS|Viatris Inc.|Drug Manufacturers - Specialty & Generic|Q|9.8|1166|4.9
INCY|Incyte Corporation|Biotechnology|Q|86|195|0
MOH|Molina Healthcare, Inc.|Healthcare Plans|N|190|53|0
UHS|Universal Health Services, Inc.|Medical Care Facilities|N|200|63|0.4
RVTY|Revvity, Inc.|Diagnostics & Research|N|89|116|0.3
TECH|Bio-Techne Corporation|Biotechnology|Q|58|156|0.6
CRL|Charles River Laboratories International, Inc.|Diagnostics & Research|N|165|49|0
WST|West Pharmaceutical Services, Inc.|Medical Instruments & Supplies|N|268|72|0.3
HSIC|Henry Schein, Inc.|Medical Distribution|Q|66|121|0
DVA|DaVita Inc.|Medical Care Facilities|N|131|71|0
VEEV|Veeva Systems Inc.|Health Information Services|N|290|164|0
ALNY|Alnylam Pharmaceuticals, Inc.|Biotechnology|Q|460|131|0
HIMS|Hims & Hers Health, Inc.|Household & Personal Products|N|54|226|0
`
