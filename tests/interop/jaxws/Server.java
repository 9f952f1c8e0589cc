// A JAX-WS endpoint, compiled and started by server.sh: document/literal with a header, typed faults, derived types, MTOM. It prints its address.
//
// What a method is given stands in the file PEER_LOG, a JSON line for each call.
package peer;

import com.sun.net.httpserver.HttpServer;
import java.math.BigDecimal;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import javax.annotation.Resource;
import javax.jws.WebMethod;
import javax.jws.WebParam;
import javax.jws.WebResult;
import javax.jws.WebService;
import javax.xml.bind.annotation.XmlAccessType;
import javax.xml.bind.annotation.XmlAccessorType;
import javax.xml.bind.annotation.XmlAttribute;
import javax.xml.bind.annotation.XmlElement;
import javax.xml.bind.annotation.XmlSchemaType;
import javax.xml.bind.annotation.XmlSeeAlso;
import javax.xml.bind.annotation.XmlType;
import javax.xml.bind.annotation.XmlValue;
import javax.xml.datatype.XMLGregorianCalendar;
import javax.xml.namespace.QName;
import javax.xml.soap.SOAPConstants;
import javax.xml.soap.SOAPException;
import javax.xml.soap.SOAPFactory;
import javax.xml.soap.SOAPFault;
import javax.xml.ws.BindingType;
import javax.xml.ws.Endpoint;
import javax.xml.ws.Holder;
import javax.xml.ws.WebFault;
import javax.xml.ws.WebServiceContext;
import javax.xml.ws.handler.MessageContext;
import javax.xml.ws.soap.MTOM;
import javax.xml.ws.soap.SOAPFaultException;

public class Server {
    static final String NAMESPACE = "urn:castile:interop:jaxws";

    public static void main(String[] arguments) throws Exception {
        HttpServer http = HttpServer.create(new InetSocketAddress("127.0.0.1", 0), 0);
        Endpoint.create(new Soap11()).publish(http.createContext("/soap11"));
        Endpoint.create(new Soap12()).publish(http.createContext("/soap12"));
        Endpoint.create(new Mtom()).publish(http.createContext("/mtom"));
        http.start();
        System.out.println("http://127.0.0.1:" + http.getAddress().getPort());
    }

    @XmlAccessorType(XmlAccessType.FIELD)
    @XmlType(namespace = NAMESPACE)
    @XmlSeeAlso({Card.class, Transfer.class})
    public abstract static class Payment {
        @XmlElement(required = true)
        public String payer;
    }

    @XmlAccessorType(XmlAccessType.FIELD)
    @XmlType(namespace = NAMESPACE)
    public static class Card extends Payment {
        public String number;
    }

    @XmlAccessorType(XmlAccessType.FIELD)
    @XmlType(namespace = NAMESPACE)
    public static class Transfer extends Payment {
        public String iban;
    }

    @XmlAccessorType(XmlAccessType.FIELD)
    @XmlType(namespace = NAMESPACE)
    public static class Price {
        @XmlValue
        public BigDecimal value;
        @XmlAttribute(required = true)
        public String currency;
    }

    @XmlAccessorType(XmlAccessType.FIELD)
    @XmlType(namespace = NAMESPACE, propOrder = {"id", "total", "placed", "due", "note", "proof", "payment", "price", "codes"})
    public static class Order {
        public long id;
        @XmlElement(required = true)
        public BigDecimal total;
        public XMLGregorianCalendar placed;
        @XmlSchemaType(name = "date")
        public XMLGregorianCalendar due;
        @XmlElement(nillable = true)
        public String note;
        public byte[] proof;
        public Payment payment;
        @XmlElement(nillable = true)
        public List<Price> price = new ArrayList<>();
        public List<Integer> codes = new ArrayList<>();

        String shown() {
            StringBuilder prices = new StringBuilder();
            for (Price p : price) prices.append(p == null ? "nil " : p.value + p.currency + " ");
            String paid = payment == null ? "none" : payment.getClass().getSimpleName() + ":" + payment.payer;
            return id + "|" + total + "|" + placed + "|" + due + "|" + note + "|" + (proof == null ? "none" : HexFormat.of().formatHex(proof)) + "|" + paid
                + "|" + prices.toString().trim() + "|" + codes;
        }
    }

    @XmlAccessorType(XmlAccessType.FIELD)
    @XmlType(namespace = NAMESPACE)
    public static class Refusal {
        public String reason;
        public BigDecimal limit;
    }

    @WebFault(name = "Refused", targetNamespace = NAMESPACE)
    public static class Refused extends Exception {
        private final Refusal refusal;

        public Refused(String message, Refusal refusal) {
            super(message);
            this.refusal = refusal;
        }

        public Refusal getFaultInfo() {
            return refusal;
        }
    }

    static void received(WebServiceContext context, String what, String data) {
        try {
            @SuppressWarnings("unchecked")
            var headers = (java.util.Map<String, List<String>>) context.getMessageContext().get(MessageContext.HTTP_REQUEST_HEADERS);
            String soap = headers.entrySet().stream().filter(e -> e.getKey().equalsIgnoreCase("content-type")).map(e -> e.getValue().get(0)).findFirst().orElse("");
            String line = "{\"what\": \"" + what + "\", \"soap\": \"" + soap.replace("\"", "'") + "\", \"data\": \"" + data.replace("\\", "\\\\").replace("\"", "\\\"") + "\"}\n";
            Files.writeString(Path.of(System.getenv("PEER_LOG")), line, StandardCharsets.UTF_8, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        } catch (Exception wrong) {
            throw new IllegalStateException(wrong);
        }
    }

    static SOAPFault clientFault(boolean soap12) {
        try {
            return SOAPFactory.newInstance(soap12 ? SOAPConstants.SOAP_1_2_PROTOCOL : SOAPConstants.SOAP_1_1_PROTOCOL)
                .createFault("What is this?", soap12 ? SOAPConstants.SOAP_SENDER_FAULT : new QName(SOAPConstants.URI_NS_SOAP_1_1_ENVELOPE, "Client"));
        } catch (SOAPException wrong) {
            throw new IllegalStateException(wrong);
        }
    }

    @WebService(targetNamespace = NAMESPACE, serviceName = "Shop", portName = "ShopPort", name = "Shop")
    public static class Soap11 {
        @Resource
        WebServiceContext context;

        @WebMethod
        @WebResult(name = "order")
        public Order place(@WebParam(name = "token", header = true, targetNamespace = NAMESPACE) String token,
            @WebParam(name = "receipt", header = true, mode = WebParam.Mode.OUT, targetNamespace = NAMESPACE) Holder<Long> receipt,
            @WebParam(name = "order") Order order) {
            received(context, "place", token + "|" + order.shown());
            receipt.value = 9007199254740993L;
            return order;
        }

        @WebMethod
        public byte[] bytes(@WebParam(name = "size") int size) {
            received(context, "bytes", String.valueOf(size));
            byte[] made = new byte[size];
            for (int i = 0; i < size; i++) made[i] = (byte) i;
            return made;
        }

        @WebMethod
        public String fail(@WebParam(name = "how") String how) throws Refused {
            received(context, "fail", how);
            if (how.equals("declared")) {
                Refusal refusal = new Refusal();
                refusal.reason = "too much";
                refusal.limit = new BigDecimal("100.10");
                throw new Refused("Refused by the bank", refusal);
            }
            if (how.equals("client")) throw new SOAPFaultException(clientFault(getClass().isAnnotationPresent(BindingType.class)));
            if (how.equals("server")) throw new IllegalStateException("the disk of db7 is full");
            return how;
        }
    }

    @WebService(targetNamespace = NAMESPACE, serviceName = "Shop", portName = "ShopPort", name = "Shop")
    @BindingType(javax.xml.ws.soap.SOAPBinding.SOAP12HTTP_BINDING)
    public static class Soap12 extends Soap11 {
    }

    @MTOM
    @WebService(targetNamespace = NAMESPACE, serviceName = "Shop", portName = "ShopPort", name = "Shop")
    public static class Mtom extends Soap11 {
    }
}
