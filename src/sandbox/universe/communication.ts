/** Symbol | name | industry | N (NYSE) or Q (Nasdaq) | price | shares in millions | dividend yield in percent */
export const COMMUNICATION_SERVICES = `
GOOGL|Alphabet Inc. Class A|Internet Content & Information|Q|245|5817|0.3
GOOG|Alphabet Inc. Class C|Internet Content & Information|Q|246|5408|0.3
META|Meta Platforms, Inc.|Internet Content & Information|Q|740|2172|0.3
NFLX|Netflix, Inc.|Entertainment|Q|1190|425|0
DIS|The Walt Disney Company|Entertainment|N|114|1798|0.9
TMUS|T-Mobile US, Inc.|Telecom Services|Q|238|1125|1.5
T|AT&T Inc.|Telecom Services|N|28|7150|3.9
VZ|Verizon Communications Inc.|Telecom Services|N|43.5|4216|6.3
CMCSA|Comcast Corporation|Telecom Services|Q|31|3692|4.2
CHTR|Charter Communications, Inc.|Telecom Services|Q|265|137|0
EA|Electronic Arts Inc.|Electronic Gaming & Multimedia|Q|201|250|0.4
TTWO|Take-Two Interactive Software, Inc.|Electronic Gaming & Multimedia|Q|258|184|0
WBD|Warner Bros. Discovery, Inc.|Entertainment|Q|19|2476|0
OMC|Omnicom Group Inc.|Advertising Agencies|N|79|194|3.5
LYV|Live Nation Entertainment, Inc.|Entertainment|N|163|232|0
FOXA|Fox Corporation Class A|Entertainment|Q|62|210|0.9
FOX|Fox Corporation Class B|Entertainment|Q|56|236|1.0
NWSA|News Corporation Class A|Entertainment|Q|30|377|0.7
MTCH|Match Group, Inc.|Internet Content & Information|Q|36|240|2.1
PINS|Pinterest, Inc.|Internet Content & Information|N|33|600|0
SNAP|Snap Inc.|Internet Content & Information|N|8.2|1430|0
RDDT|Reddit, Inc.|Internet Content & Information|N|225|187|0
SPOT|Spotify Technology S.A.|Internet Content & Information|N|690|205|0
RBLX|Roblox Corporation|Electronic Gaming & Multimedia|N|130|690|0
TTD|The Trade Desk, Inc.|Advertising Agencies|Q|50|489|0
ROKU|Roku, Inc.|Entertainment|Q|98|147|0
`
