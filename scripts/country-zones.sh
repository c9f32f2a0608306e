#!/bin/sh
# Prints alerting/src/rule/types/countries/zones.txt from the tz database of this machine:
#   scripts/country-zones.sh > alerting/src/rule/types/countries/zones.txt
set -eu
table=${1:-/usr/share/zoneinfo/zone.tab}
release=$(sed -n 's/^# version //p' "$(dirname "$table")/tzdata.zi")
cat <<EOF
# Countries (ISO 3166-1) with their time zones, from \`zone.tab\` of the tz database, release $release, which is
# in the public domain. A country with several zones begins with the one that most people live in: it is the
# first of \`zone.tab\` except for AU, BR, CA, RU, UA and UZ. Made by scripts/country-zones.sh.
EOF
awk '
    BEGIN {
        main["AU"] = "Australia/Sydney"; main["BR"] = "America/Sao_Paulo"; main["CA"] = "America/Toronto"
        main["RU"] = "Europe/Moscow"; main["UA"] = "Europe/Kyiv"; main["UZ"] = "Asia/Tashkent"
    }
    /^#/ { next }
    $3 == main[$1] { zones[$1] = " " $3 zones[$1]; next }
    { zones[$1] = zones[$1] " " $3 }
    END { for (country in zones) print country zones[country] }
' "$table" | LC_ALL=C sort
