/** Symbol | name | industry | N (NYSE) or Q (Nasdaq) | price | shares in millions | dividend yield in percent */
export const TECHNOLOGY = `
AAPL|Apple Inc.|Consumer Electronics|Q|255|14840|0.4
MSFT|Microsoft Corporation|Software - Infrastructure|Q|515|7433|0.7
NVDA|NVIDIA Corporation|Semiconductors|Q|180|24300|0.02
AVGO|Broadcom Inc.|Semiconductors|Q|340|4720|0.7
ORCL|Oracle Corporation|Software - Infrastructure|N|280|2850|0.7
CRM|Salesforce, Inc.|Software - Application|N|245|952|0.7
CSCO|Cisco Systems, Inc.|Communication Equipment|Q|68|3953|2.4
ACN|Accenture plc|Information Technology Services|N|245|622|2.6
IBM|International Business Machines Corporation|Information Technology Services|N|285|931|2.4
ADBE|Adobe Inc.|Software - Application|Q|350|419|0
AMD|Advanced Micro Devices, Inc.|Semiconductors|Q|165|1628|0
QCOM|QUALCOMM Incorporated|Semiconductors|Q|165|1071|2.1
TXN|Texas Instruments Incorporated|Semiconductors|Q|180|909|3.1
INTU|Intuit Inc.|Software - Application|Q|670|279|0.7
NOW|ServiceNow, Inc.|Software - Application|N|930|208|0
AMAT|Applied Materials, Inc.|Semiconductor Equipment & Materials|Q|205|797|0.9
ADI|Analog Devices, Inc.|Semiconductors|Q|240|492|1.6
LRCX|Lam Research Corporation|Semiconductor Equipment & Materials|Q|135|1266|0.8
KLAC|KLA Corporation|Semiconductor Equipment & Materials|Q|1080|131|0.7
MU|Micron Technology, Inc.|Semiconductors|Q|165|1122|0.3
PANW|Palo Alto Networks, Inc.|Software - Infrastructure|Q|205|669|0
SNPS|Synopsys, Inc.|Software - Infrastructure|Q|490|186|0
CDNS|Cadence Design Systems, Inc.|Software - Application|Q|350|272|0
CRWD|CrowdStrike Holdings, Inc.|Software - Infrastructure|Q|490|251|0
APH|Amphenol Corporation|Electronic Components|N|124|1221|0.6
MSI|Motorola Solutions, Inc.|Communication Equipment|N|455|167|1.0
ROP|Roper Technologies, Inc.|Software - Application|Q|500|108|0.7
ADSK|Autodesk, Inc.|Software - Application|Q|320|213|0
NXPI|NXP Semiconductors N.V.|Semiconductors|Q|225|252|1.8
FTNT|Fortinet, Inc.|Software - Infrastructure|Q|84|766|0
TEL|TE Connectivity plc|Electronic Components|N|220|294|1.3
WDAY|Workday, Inc.|Software - Application|Q|240|267|0
PLTR|Palantir Technologies Inc.|Software - Infrastructure|Q|180|2372|0
MRVL|Marvell Technology, Inc.|Semiconductors|Q|82|862|0.3
FICO|Fair Isaac Corporation|Software - Application|N|1600|24|0
GLW|Corning Incorporated|Electronic Components|N|82|857|1.4
IT|Gartner, Inc.|Information Technology Services|N|255|76|0
MPWR|Monolithic Power Systems, Inc.|Semiconductors|Q|920|48|0.7
CTSH|Cognizant Technology Solutions Corporation|Information Technology Services|Q|67|488|1.8
MCHP|Microchip Technology Incorporated|Semiconductors|Q|65|540|2.8
ON|ON Semiconductor Corporation|Semiconductors|Q|50|409|0
HPQ|HP Inc.|Computer Hardware|N|27|935|4.2
HPE|Hewlett Packard Enterprise Company|Communication Equipment|N|25|1319|2.1
DELL|Dell Technologies Inc.|Computer Hardware|N|140|673|1.5
SMCI|Super Micro Computer, Inc.|Computer Hardware|Q|48|595|0
ANET|Arista Networks, Inc.|Computer Hardware|N|145|1257|0
KEYS|Keysight Technologies, Inc.|Scientific & Technical Instruments|N|172|172|0
NTAP|NetApp, Inc.|Computer Hardware|Q|120|200|1.7
STX|Seagate Technology Holdings plc|Computer Hardware|Q|235|213|1.2
WDC|Western Digital Corporation|Computer Hardware|Q|115|343|0.3
TDY|Teledyne Technologies Incorporated|Scientific & Technical Instruments|N|565|47|0
TYL|Tyler Technologies, Inc.|Software - Application|N|520|43|0
PTC|PTC Inc.|Software - Application|Q|205|120|0
ZBRA|Zebra Technologies Corporation|Communication Equipment|Q|300|51|0
TRMB|Trimble Inc.|Scientific & Technical Instruments|Q|80|238|0
CDW|CDW Corporation|Information Technology Services|Q|160|131|1.6
VRSN|VeriSign, Inc.|Software - Infrastructure|Q|280|93|1.1
AKAM|Akamai Technologies, Inc.|Software - Infrastructure|Q|76|143|0
FFIV|F5, Inc.|Software - Infrastructure|Q|325|57|0
GEN|Gen Digital Inc.|Software - Infrastructure|Q|28|616|1.8
JBL|Jabil Inc.|Electronic Components|N|215|107|0.2
SWKS|Skyworks Solutions, Inc.|Semiconductors|Q|76|148|3.7
FSLR|First Solar, Inc.|Solar|Q|220|107|0
ENPH|Enphase Energy, Inc.|Solar|Q|37|131|0
EPAM|EPAM Systems, Inc.|Information Technology Services|N|152|56|0
SNOW|Snowflake Inc.|Software - Application|N|230|339|0
DDOG|Datadog, Inc.|Software - Application|Q|140|349|0
NET|Cloudflare, Inc.|Software - Infrastructure|N|215|348|0
ZS|Zscaler, Inc.|Software - Infrastructure|Q|285|158|0
TEAM|Atlassian Corporation|Software - Application|Q|160|263|0
MDB|MongoDB, Inc.|Software - Infrastructure|Q|310|81|0
HUBS|HubSpot, Inc.|Software - Application|N|470|53|0
`
