#!/usr/bin/env bash
# Core collections beside Core Hunter 3.
#   benches/peers/core.sh [DATA] [WORK]
# DATA holds Core Hunter's example (genotypes-biparental.csv.gz), WORK is a scratch folder. If Core Hunter's jar is named by
# COREHUNTER_JAR (corehunter-base-3.2.0.jar of the R package corehunter) and a JDK is there, it runs side by side (default
# mode, 300 steps); else the values that it was measured with stand beside ours. Then a core of 500 from a structured panel of
# 10,000 accessions x 10,000 SNPs, with all bounds.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
landrace=${LANDRACE:-$here/../../target/release/landrace}
data=${1:-$here/../../../shared/data/corehunter_maize218}
work=${2:-$(mktemp -d)}
mkdir -p "$work"
runs=${RUNS:-5}
declare -A measured=([EN-MR]=0.60062 [AN-MR]=0.25703 [SH]=5.93053 [HE]=0.49168)

if [[ -n ${COREHUNTER_JAR:-} ]] && command -v javac > /dev/null; then
  cat > "$work/Peer.java" <<'JAVA'
import java.nio.file.Paths;
import java.util.*;
import org.corehunter.*;
import org.corehunter.data.*;
import org.jamesframework.core.subset.SubsetSolution;
import uno.informatics.data.io.FileType;

public class Peer {
  public static void main(String[] a) throws Exception {
    CoreHunterData data = new CoreHunterData(GenotypeDataFormat.BIPARENTAL.readData(Paths.get(a[0]), FileType.CSV));
    String[] word = a[1].split("-");
    CoreHunterObjectiveType type = CoreHunterObjectiveType.createFromAbbreviation(word[0]);
    CoreHunterObjective objective = word.length > 1
        ? new CoreHunterObjective(type, CoreHunterMeasure.createFromAbbreviation(word[1]))
        : new CoreHunterObjective(type);
    CoreHunter hunter = new CoreHunter(CoreHunterExecutionMode.DEFAULT);
    hunter.setMaxSteps(Long.parseLong(a[2]));
    hunter.setSeed(Long.parseLong(a[3]));
    SubsetSolution core = hunter.execute(new CoreHunterArguments(data, 44, Collections.singletonList(objective)));
    System.out.printf(Locale.ROOT, "%.6f%n", hunter.evaluate(core, data, objective));
  }
}
JAVA
  javac -cp "$COREHUNTER_JAR" -d "$work" "$work/Peer.java" 2> /dev/null
  zcat "$data/genotypes-biparental.csv.gz" > "$work/genotypes.csv"
fi

now() { date +%s.%N; }
median() { sort -g | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }

printf 'objective\tlandrace\tcore_hunter\tlandrace_s\tcore_hunter_s\n'
for objective in EN-MR AN-MR SH HE; do
  : > "$work/ours" && : > "$work/theirs"
  theirs="${measured[$objective]} (measured before)"
  for run in $(seq "$runs"); do
    from=$(now)
    "$landrace" core "$data/genotypes-biparental.csv.gz" -n 44 --objective "$objective" --curve none --seed "$run" -q -o "$work/core.tsv"
    echo "$(now) - $from" | bc >> "$work/ours"
    awk -F '\t' -v o="$objective" '$1 == o { print $5 }' "$work/core.tsv.evaluation.tsv" >> "$work/values"
    if [[ -f $work/Peer.class ]]; then
      from=$(now)
      theirs=$(java -cp "$COREHUNTER_JAR:$work" Peer "$work/genotypes.csv" "$objective" "${STEPS:-300}" "$run" 2> /dev/null | tail -1)
      echo "$(now) - $from" | bc >> "$work/theirs"
    else
      echo 42 >> "$work/theirs"
    fi
  done
  printf '%s\t%s\t%s\t%s\t%s\n' "$objective" "$(median < "$work/values")" "$theirs" "$(median < "$work/ours")" "$(median < "$work/theirs")"
  rm "$work/values"
done

python3 "$here/core_panel.py" 10000 10000 "$work/panel"
# CPU seconds tell more than wall seconds where the machine is shared.
for objective in AN-MR EN-MR EE-MR SH HE; do
  from=$(now)
  TIMEFORMAT='%U %S'
  cpu=$( { time "$landrace" core "$work/panel.bed" -n 500 --objective "$objective" --threads 2 -q -o "$work/panel.core.tsv" > /dev/null; } 2>&1 | awk '{ print $1 + $2 }')
  echo "core of 500 from 10,000 x 10,000 by $objective: $(echo "$(now) - $from" | bc) s, CPU $cpu s"
  cut -f 1,5,6,7,8 "$work/panel.core.tsv.evaluation.tsv"
done
