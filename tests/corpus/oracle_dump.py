"""Prints a service's schemas as the oracle reads them, in the words of dump.rs: oracle_dump.py ORACLE_FOLDER WSDL..."""
import sys
sys.path.insert(0, sys.argv[1])
from wsdlmodel import Wsdl, XSD, ENC, ENC12, W, x, ns_of, local
from model import Model, Complex, Simple, Wild
import values

sys.setrecursionlimit(10000)
SKIP = (XSD, ENC, ENC12, W)
SHAPES = {'sequence': 'seq', 'choice': 'choice', 'all': 'all'}


def name_of(n):
    return '{?}' + n.split('}')[-1] if n and n.startswith('{?') else n


class Dump:
    def __init__(self, path):
        self.w = Wsdl(path)
        self.m = Model(self.w.schemas, [r for r, _ in self.w.docs])
        self.s = self.m.s

    def lines(self):
        shipped = {id(n) for el, path, _, _ in self.s.docs if path is None for n in el}
        out = set()
        for name, node in self.s.types.items():
            if ns_of(name) in SKIP or id(node) in shipped:
                continue
            out.add('type %s %s' % (name, self.describe(self.m.type(name), 0)))
        for name, node in self.s.elements.items():
            if ns_of(name) in SKIP or id(node) in shipped:
                continue
            subs = sorted(self.s.subst.get(name, []))
            out.add('element %s %s %s' % (name, self.element(self.m.element(name)), ' '.join(subs)))
        for op in self.w.operations():
            style = '' if op.kind == 'http' else op.style
            out.add('op %s %s %s %s %s %s in %s out %s faults %s' % (
                'port' if op.port is not None else 'free', op.binding, op.name, op.kind, style,
                op.action.strip() if op.action is not None else None, self.direction(op.input), self.direction(op.output),
                ','.join(str(f) for f in op.faults)))
        return sorted(out, key=lambda l: l.encode())

    def direction(self, m):
        if m is None:
            return '-'
        if m.broken:
            return 'broken'
        part = lambda p: '%s=%s' % (p.name, 'element ' + p.element if p.element else 'type ' + p.type if p.type else '')
        return '%s(%s) [%s] %s %s' % (m.name, '; '.join(map(part, m.parts)), '; '.join(map(part, m.headers)), m.use, m.namespace or None)

    def element(self, d):
        v = d.value_if_empty
        return '%s%s[%s]' % ('nil ' if d.nillable else '', 'abstract ' if d.abstract else '', '-' if v is None else v)

    def describe(self, t, depth):
        return self.simple(t) if isinstance(t, Simple) else self.complex(t, depth)

    def simple(self, t):
        facets = 0 if (t.name and ns_of(t.name) == XSD) else sum(len(s) for s in t.steps)
        if t.variety == 'list':
            if t.name and ns_of(t.name) == XSD:
                facets = 0
            return 'list(%s) %d' % (self.simple(t.item), facets)
        if t.variety == 'union':
            return 'union(%s) %d' % (', '.join(self.simple(m) for m in t.members), facets)
        return 'atomic %s %d' % (t.prim, facets)

    def complex(self, t, depth):
        kind, how, node, base = t._derivation
        out = 'complex' + (' abstract' if t.abstract else '')
        b = t.base
        if b is not None and b is not self.m.any_type:
            out += ' %s %s' % ('extends' if how == 'extension' else 'restricts', b.name or 'anon')
        mixed = t.node.get('mixed') in ('true', '1') or (kind == 'complex' and node.getparent().get('mixed') in ('true', '1'))
        if mixed:
            out += ' mixed'
        holder = node if node is not None else t.node
        own, gone, wild = self.m.attribute_uses(holder, set())
        attrs = []
        for a in own:
            v = a.fixed if a.fixed is not None else a.default
            attrs.append('%s%s:%s[%s]' % (a.name, '!' if a.required else '', self.simple(a.type), '-' if v is None else v))
        out += ' @(%s)' % '; '.join(attrs)
        if wild:
            out += ' @any ' + self.wild(wild)
        if kind == 'simple':
            out += ' text ' + self.simple(t.simple)
        elif t.own_content is not None:
            p = self.particle(t.own_content, (), depth)
            if p:
                out += ' ' + p
        return out

    def wild(self, w):
        ns = '##any' if w.any else 'not %s' % (w.tns or '-') if w.other else ','.join(n or '-' for n in w.list)
        return '%s %s' % (ns, w.process)

    def particle(self, node, stack, depth):
        lo, hi = node.get('minOccurs', '1').strip(), node.get('maxOccurs', '1').strip()
        if hi == '0':
            return None
        occurs = '{%s,%s}' % (lo, '*' if hi == 'unbounded' else hi)
        if node.tag == x('element'):
            if node.get('ref'):
                name = self.s.q(node, node.get('ref'))
                d = self.m.element(name)
                if d is None:
                    return 'undeclared %s%s' % (name, occurs)
            else:
                d = self.m.local_element(node)
            t = d.type
            if t.name:
                kind = t.name
            elif d.top or depth > 8:
                kind = 'anon'
            else:
                kind = self.describe(t, depth + 1)
            return '%s %s:<%s>%s' % (d.name, self.element(d), kind, occurs)
        if node.tag == x('any'):
            return 'any %s%s' % (self.wild(Wild(node, self.s.tns(node))), occurs)
        if node.tag == x('group'):
            name = self.s.q(node, node.get('ref') or '')
            g = self.s.groups.get(name)
            if g is None:
                return 'seq()' + occurs
            if name in stack:
                return '()' + occurs
            inner = next((c for c in g if c.tag in (x('sequence'), x('choice'), x('all'))), None)
            if inner is None:
                return 'seq()' + occurs
            return self.group(inner, stack + (name,), depth) + occurs
        return self.group(node, stack, depth) + occurs

    def group(self, node, stack, depth):
        kids = [self.particle(c, stack, depth) for c in node if c.tag in (x('element'), x('any'), x('group'), x('sequence'), x('choice'), x('all'))]
        return '%s(%s)' % (SHAPES[local(node.tag)], ', '.join(k for k in kids if k))


for path in sys.argv[2:]:
    print('== ' + path)
    try:
        for line in Dump(path).lines():
            print(line)
    except Exception as e:
        print('failed: %s: %s' % (type(e).__name__, e))
