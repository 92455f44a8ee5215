# Sourced after setup.sh: runs of several programs in turn, and their medians.

# turn NAME COMMAND...: runs a command and adds its wall and CPU seconds and peak memory to NAME.runs.
turn() {
  local name="$1"; shift
  /usr/bin/time -a -o "$name.runs" -f '%e %U %S %M' "$@" >"$name.log" 2>&1
}

# column NAME N: the values of all runs of NAME; wall is 1, CPU 2, memory 3.
column() { awk -v n="$2" 'NF == 4 { print n == 1 ? $1 : n == 2 ? $2 + $3 : $4 / 1024 }' "$1.runs"; }

# median NAME N
median() { column "$1" "$2" | sort -g | awk '{ v[NR] = $1 } END { print (v[int((NR + 1) / 2)] + v[int((NR + 2) / 2)]) / 2 }'; }

# compare WORK OURS PEER: a line of the table.
compare() {
  local wall cpu
  wall="$(median "$2" 1) $(median "$3" 1)"; cpu="$(median "$2" 2) $(median "$3" 2)"
  echo "$1 $wall $cpu $(median "$2" 3) $(median "$3" 3)" |
    awk '{ printf "%-34s %7.2f %7.2f %6.2f   %7.2f %7.2f %6.2f   %6.0f %6.0f\n", $1, $2, $3, $3 / $2, $4, $5, $5 / $4, $6, $7 }'
}

heading() {
  printf '%-34s %7s %7s %6s   %7s %7s %6s   %6s %6s\n' "$1" wall_s peer ratio cpu_s peer ratio MiB peer
}
