# 10,000 accessions x 10,000 SNPs in 20 populations of unequal size with families inside, as a PLINK .bed.
import numpy as np, sys
n, m, seed = int(sys.argv[1]), int(sys.argv[2]), 7
out = sys.argv[3]
r = np.random.default_rng(seed)
k = 20
size = r.dirichlet(np.full(k, 2.0))
pop = np.sort(r.choice(k, n, p=size))
fam = r.integers(0, 60, n)
anc = np.clip(r.beta(0.8, 0.8, m), 0.02, 0.98).astype(np.float32)
fst = 0.2
pops = np.stack([r.beta(anc * (1 - fst) / fst, (1 - anc) * (1 - fst) / fst) for _ in range(k)]).astype(np.float32)
fst2 = 0.25
packed = np.zeros((m, (n + 3) // 4), np.uint8)
fid = pop * 60 + fam
ids = np.unique(fid)
where = np.searchsorted(ids, fid)
for start in range(0, m, 250):
    end = min(m, start + 250)
    p = np.clip(pops[ids // 60, start:end], 0.001, 0.999)
    f = r.beta(p * (1 - fst2) / fst2, (1 - p) * (1 - fst2) / fst2)[where]
    f = np.nan_to_num(f, nan=0.5)
    g = r.binomial(2, f).astype(np.uint8).T
    code = np.array([3, 2, 0], np.uint8)[g]
    code[r.random(code.shape) < 0.02] = 1
    pad = (-n) % 4
    code = np.pad(code, ((0, 0), (0, pad))).reshape(end - start, -1, 4)
    packed[start:end] = code[:, :, 0] | code[:, :, 1] << 2 | code[:, :, 2] << 4 | code[:, :, 3] << 6
with open(out + '.bed', 'wb') as h:
    h.write(bytes([0x6c, 0x1b, 1])); h.write(packed.tobytes())
with open(out + '.bim', 'w') as h:
    for i in range(m): h.write(f'{1 + i * 10 // m}\ts{i}\t0\t{1000 * (i + 1)}\tA\tG\n')
with open(out + '.fam', 'w') as h:
    for i in range(n): h.write(f'f{fid[i]} a{i} 0 0 0 -9\n')
with open(out + '.passport.tsv', 'w') as h:
    h.write('sample\tpopulation\n')
    for i in range(n): h.write(f'a{i}\tp{pop[i]}\n')
