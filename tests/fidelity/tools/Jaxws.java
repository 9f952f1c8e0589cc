// JAX-WS with the classes that wsimport made.
//
//   Jaxws WSDL JOBS
import castile.fidelity.*;
import castile.fidelity.parts.*;
import java.lang.reflect.Field;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import javax.xml.bind.JAXBElement;
import javax.xml.datatype.DatatypeFactory;
import javax.xml.datatype.XMLGregorianCalendar;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.ws.Holder;
import org.w3c.dom.Document;
import org.w3c.dom.Element;

public class Jaxws {
    static final String P = "urn:castile:fidelity:parts";
    static final castile.fidelity.ObjectFactory T_MAKE = new castile.fidelity.ObjectFactory();
    static final castile.fidelity.parts.ObjectFactory P_MAKE = new castile.fidelity.parts.ObjectFactory();

    public static void main(String[] arguments) throws Exception {
        Fidelity port = new Fidelity_Service(new URL(arguments[0])).getFidelity();
        Map<String, Callable<?>> puts = puts(port);
        // The jobs' file is our own: a row is `"row": "X", "variants": ["a", "b"], "put": true`.
        String jobs = Files.readString(Path.of(arguments[1]));
        Matcher job = Pattern.compile("\"row\": \"(\\w+)\", \"variants\": \\[([^\\]]*)\\], \"put\": (\\w+)").matcher(jobs);
        while (job.find()) {
            String row = job.group(1);
            Matcher variant = Pattern.compile("\\w+").matcher(job.group(2));
            while (variant.find()) {
                String asked = variant.group();
                say(row, asked, () -> get(port, row, asked));
            }
            if (job.group(3).equals("true") && puts.containsKey(row)) say(row, null, puts.get(row));
        }
    }

    static Object get(Fidelity port, String row, String variant) throws Exception {
        Ask ask = new Ask();
        ask.setVariant(variant);
        if (row.equals("Header")) {
            Holder<Quota> quota = new Holder<>();
            Header answer = port.getHeader(ask, quota);
            return java.util.Arrays.asList(answer, quota.value);
        }
        if (row.equals("Fault")) {
            try {
                return port.getFault(ask);
            } catch (castile.fidelity.Problem fault) {
                return fault.getFaultInfo();
            }
        }
        for (Method method : Fidelity.class.getMethods()) {
            if (method.getName().equals("get" + row)) return method.invoke(port, ask);
        }
        throw new IllegalStateException("no method");
    }

    static void say(String row, String variant, Callable<?> act) {
        String head = "{\"row\": " + text(row) + ", \"variant\": " + (variant == null ? "null" : text(variant));
        try {
            System.out.println(head + ", \"data\": " + json(act.call()) + "}");
        } catch (Throwable thrown) {
            Throwable cause = thrown instanceof InvocationTargetException ? thrown.getCause() : thrown;
            System.out.println(head + ", \"error\": " + text(String.valueOf(cause)) + "}");
        }
    }

    static String text(String value) {
        StringBuilder out = new StringBuilder("\"");
        for (char c : value.toCharArray()) {
            if (c == '"' || c == '\\') out.append('\\').append(c);
            else if (c < ' ') out.append(String.format("\\u%04x", (int) c));
            else out.append(c);
        }
        return out.append('"').toString();
    }

    // An object with its class and all its fields, as its holder can read them.
    static String json(Object value) throws Exception {
        if (value == null) return "null";
        if (value instanceof String s) return text(s);
        if (value instanceof java.lang.Boolean || value instanceof Integer || value instanceof java.lang.Long || value instanceof BigInteger) return value.toString();
        if (value instanceof java.lang.Double || value instanceof Float) return text(value.toString().replace("Infinity", "INF"));
        if (value instanceof BigDecimal d) return text(d.toPlainString());
        if (value instanceof byte[] bytes) return text(Base64.getEncoder().encodeToString(bytes));
        if (value instanceof XMLGregorianCalendar c) return text(c.toXMLFormat());
        if (value instanceof javax.xml.namespace.QName name) return text(name.toString());
        if (value instanceof Element element) return "{\"#markup\": " + text(markup(element)) + "}";
        if (value instanceof JAXBElement<?> e) {
            return "{\"#element\": " + text(e.getName().toString()) + ", \"#nil\": " + e.isNil() + ", \"value\": " + json(e.getValue()) + "}";
        }
        if (value instanceof List<?> list) {
            StringBuilder out = new StringBuilder("[");
            for (Object item : list) out.append(out.length() > 1 ? ", " : "").append(json(item));
            return out.append("]").toString();
        }
        if (value instanceof Map<?, ?> map) {
            Map<String, String> sorted = new TreeMap<>();
            for (var entry : map.entrySet()) sorted.put(entry.getKey().toString(), json(entry.getValue()));
            return sorted.entrySet().stream().map(e -> text(e.getKey()) + ": " + e.getValue()).collect(Collectors.joining(", ", "{", "}"));
        }
        StringBuilder out = new StringBuilder("{\"#class\": " + text(value.getClass().getSimpleName()));
        for (Class<?> type = value.getClass(); type != Object.class; type = type.getSuperclass()) {
            for (Field field : type.getDeclaredFields()) {
                if (Modifier.isStatic(field.getModifiers())) continue;
                field.setAccessible(true);
                out.append(", ").append(text(field.getName())).append(": ").append(json(field.get(value)));
            }
        }
        return out.append("}").toString();
    }

    static String markup(Element element) throws Exception {
        var out = new java.io.StringWriter();
        var transformer = javax.xml.transform.TransformerFactory.newInstance().newTransformer();
        transformer.setOutputProperty("omit-xml-declaration", "yes");
        transformer.transform(new javax.xml.transform.dom.DOMSource(element), new javax.xml.transform.stream.StreamResult(out));
        return out.toString();
    }

    static XMLGregorianCalendar time(String lexical) throws Exception {
        return DatatypeFactory.newInstance().newXMLGregorianCalendar(lexical);
    }

    static ArrayOfText array(String... items) {
        ArrayOfText made = new ArrayOfText();
        made.getItem().addAll(java.util.Arrays.asList(items));
        return made;
    }

    static Element free() throws Exception {
        DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
        factory.setNamespaceAware(true);
        Document document = factory.newDocumentBuilder().newDocument();
        Element made = document.createElementNS("urn:one", "u:free");
        made.appendChild(document.createElementNS("urn:one", "u:k")).setTextContent("v1");
        return made;
    }

    static Map<String, Callable<?>> puts(Fidelity port) {
        Map<String, Callable<?>> puts = new TreeMap<>();
        puts.put("Derived", () -> { Derived m = new Derived(); m.setId(1); Circle c = new Circle(); c.setName("s"); c.setRadius(31); m.setShape(c); return port.putDerived(m); });
        puts.put("Attribute", () -> { Attribute m = new Attribute(); m.setId(1); Price p = new Price(); p.setValue(12); p.setCurrency("EUR"); m.setPrice(p); return port.putAttribute(m); });
        puts.put("Long", () -> { castile.fidelity.Long m = new castile.fidelity.Long(); m.setId(1); m.setValue(9007199254740993L); return port.putLong(m); });
        puts.put("Unsigned", () -> { Unsigned m = new Unsigned(); m.setId(1); m.setValue(new BigInteger("18446744073709551615")); return port.putUnsigned(m); });
        puts.put("Decimal", () -> { Decimal m = new Decimal(); m.setId(1); m.setValue(new BigDecimal("12.50")); return port.putDecimal(m); });
        puts.put("Digits", () -> { Digits m = new Digits(); m.setId(1); m.setValue(new BigDecimal("12345678901234567.123456789")); return port.putDigits(m); });
        puts.put("Double", () -> { castile.fidelity.Double m = new castile.fidelity.Double(); m.setId(1); m.setValue(java.lang.Double.POSITIVE_INFINITY); return port.putDouble(m); });
        puts.put("Boolean", () -> { castile.fidelity.Boolean m = new castile.fidelity.Boolean(); m.setId(1); m.setValue(true); return port.putBoolean(m); });
        puts.put("Nil", () -> { Nil m = new Nil(); m.setId(1); m.setNote(T_MAKE.createNilNote(null)); m.getNote().setNil(true); return port.putNil(m); });
        puts.put("NilItem", () -> { NilItem m = new NilItem(); m.setId(1); m.setItems(array("a", null, "b")); return port.putNilItem(m); });
        puts.put("Empty", () -> { Empty m = new Empty(); m.setId(1); m.setNote(""); return port.putEmpty(m); });
        puts.put("OneItem", () -> { OneItem m = new OneItem(); m.setId(1); m.setItems(array("a")); return port.putOneItem(m); });
        puts.put("NoItem", () -> { NoItem m = new NoItem(); m.setId(1); m.setItems(array()); return port.putNoItem(m); });
        puts.put("List", () -> { castile.fidelity.List m = new castile.fidelity.List(); m.setId(1); m.getCodes().addAll(List.of("x1", "y2", "z3")); return port.putList(m); });
        puts.put("Union", () -> { Union m = new Union(); m.setId(1); m.setValue("007"); return port.putUnion(m); });
        puts.put("Mixed", () -> { Mixed m = new Mixed(); m.setId(1); Para p = new Para(); p.getContent().addAll(List.of("A", T_MAKE.createParaB("B"), "C")); m.setPara(p); return port.putMixed(m); });
        puts.put("Substitution", () -> { Substitution m = new Substitution(); m.setId(1); Animal a = new Animal(); a.setName("n1"); m.setAnimal(T_MAKE.createCat(a)); return port.putSubstitution(m); });
        puts.put("Declared", () -> { Declared m = new Declared(); m.setId(1); Mark s = new Mark(); s.setBy("ana"); m.setAny(P_MAKE.createStamp(s)); return port.putDeclared(m); });
        puts.put("Undeclared", () -> { Undeclared m = new Undeclared(); m.setId(1); m.setAny(free()); return port.putUndeclared(m); });
        puts.put("AnyAttribute", () -> { AnyAttribute m = new AnyAttribute(); m.setId(1); Thing t = new Thing(); t.setName("n"); t.getOtherAttributes().put(new javax.xml.namespace.QName(P, "level"), "5"); m.setThing(t); return port.putAnyAttribute(m); });
        puts.put("Choice", () -> { Choice m = new Choice(); m.setId(1); Steps s = new Steps(); s.getAOrB().addAll(List.of(T_MAKE.createStepsA(1), T_MAKE.createStepsB(2), T_MAKE.createStepsA(3))); m.setSteps(s); return port.putChoice(m); });
        puts.put("TwoNames", () -> { TwoNames m = new TwoNames(); m.getContent().add(T_MAKE.createTwoNamesId(1)); m.getContent().add(T_MAKE.createTwoNamesCode("x1")); m.getContent().add(P_MAKE.createCode("y2")); return port.putTwoNames(m); });
        puts.put("QName", () -> { castile.fidelity.QName m = new castile.fidelity.QName(); m.setId(1); m.setValue(new javax.xml.namespace.QName("urn:a", "red")); return port.putQName(m); });
        puts.put("Local", () -> { Local m = new Local(); m.setId(1); m.setValue(time("2026-03-01T10:00:00")); return port.putLocal(m); });
        puts.put("Midnight", () -> { Midnight m = new Midnight(); m.setId(1); m.setValue(time("2026-03-01T24:00:00")); return port.putMidnight(m); });
        puts.put("Fraction", () -> { Fraction m = new Fraction(); m.setId(1); m.setValue(time("2026-03-01T10:00:00.123456789Z")); return port.putFraction(m); });
        puts.put("Zone", () -> { Zone m = new Zone(); m.setId(1); m.setValue(time("2026-03-01+02:00")); return port.putZone(m); });
        puts.put("Binary", () -> { Binary m = new Binary(); m.setId(1); m.setValue(new byte[] {0, 1, -1}); return port.putBinary(m); });
        puts.put("Markup", () -> { Markup m = new Markup(); m.setId(1); m.setValue("<a> & b"); return port.putMarkup(m); });
        puts.put("Space", () -> { Space m = new Space(); m.setId(1); m.setValue("  a\tb  "); return port.putSpace(m); });
        puts.put("Return", () -> { Return m = new Return(); m.setId(1); m.setValue("a\r\nb"); return port.putReturn(m); });
        puts.put("Fixed", () -> { Fixed m = new Fixed(); m.setId(1); Versioned v = new Versioned(); v.setName("n"); m.setThing(v); return port.putFixed(m); });
        puts.put("Header", () -> { Header m = new Header(); m.setId(1); m.setName("n"); Quota q = new Quota(); q.setLeft(3141); return port.putHeader(m, q); });
        return puts;
    }
}
