"""A panel for fingerprint.sh: 8 populations, a fifth progeny, 10 clone pairs, 0.5 % errors, 5 % missing.

Arguments: accessions, markers, output (VCF), seed, inbreeding."""
import sys

import numpy as np

n,L,out,seed,F=int(sys.argv[1]),int(sys.argv[2]),sys.argv[3],int(sys.argv[4]),float(sys.argv[5])
r=np.random.default_rng(seed)
K=8
pop=r.integers(0,K,n)
p0=r.beta(0.6,0.6,L).clip(0.02,0.98)
fst=0.2
P=r.beta(p0*(1-fst)/fst,(1-p0)*(1-fst)/fst,size=(K,L))
P=P[pop]
a=(r.random((n,L))<P).astype(np.int8); b=(r.random((n,L))<P).astype(np.int8)
inb=r.random((n,L))<F
b=np.where(inb,a,b)
# pedigree: a fifth are progeny of two others of their population, block by block
order=r.permutation(n); kids=order[:n//5]; par=order[n//5:]
for k in kids:
    c=[x for x in par if pop[x]==pop[k]]
    x,y=r.choice(c,2,replace=False)
    who=np.repeat(r.random(L//50+1)<0.5,50)[:L]
    a[k]=np.where(who,a[x],a[y]); who=np.repeat(r.random(L//50+1)<0.5,50)[:L]
    b[k]=np.where(r.random(L)<F,a[k],np.where(who,b[x],b[y]))
# clones: 10 pairs
cl=par[:20]
for i in range(0,20,2): a[cl[i]]=a[cl[i+1]]; b[cl[i]]=b[cl[i+1]]
g=a+b
err=r.random((n,L))<0.005
g=np.where(err,r.integers(0,3,(n,L)),g)
g=np.where(r.random((n,L))<0.05,-1,g)
s=np.array(['0/0','0/1','1/1','./.'])
with open(out,'w') as f:
    f.write('##fileformat=VCFv4.2\n##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">\n')
    for c in range(1,11): f.write(f'##contig=<ID={c},length=50000000>\n')
    f.write('#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\t'+'\t'.join(f'V{i:04d}' for i in range(n))+'\n')
    per=L//10
    for l in range(L):
        c=min(l//per,9)+1; pos=(l-(c-1)*per)*(50000000//per)+1000
        f.write(f'{c}\t{pos}\tM{l:05d}\tA\tG\t.\tPASS\t.\tGT\t'+'\t'.join(s[g[:,l]])+'\n')
