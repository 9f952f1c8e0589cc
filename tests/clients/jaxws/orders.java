// JAX-WS calls the orders: a header, a derived type, an attribute beside text, a list, bytes.
import java.math.BigDecimal;
import java.math.BigInteger;
import java.net.URL;
import java.util.List;
import javax.xml.datatype.DatatypeFactory;
import javax.xml.ws.Holder;
import orders.Amount;
import orders.Card;
import orders.Line;
import orders.Locker;
import orders.NewOrder;
import orders.Order;
import orders.Orders;
import orders.Orders_Service;
import orders.Shop;
import orders.Status;

class Client extends Calls {
    public static void main(String[] arguments) throws Exception {
        Orders port = new Orders_Service(new URL(arguments[0])).getOrdersSoap();
        Shop shop = new Shop();
        shop.setName("lisbon");
        shop.setTrace(true);
        Holder<BigInteger> id = new Holder<>();
        Holder<Amount> total = new Holder<>();
        port.placeOrder(order(), id, total, shop);
        called(id.value.signum() > 0 && total.value.getCurrency() != null, id.value);
        Order found = port.getOrder(BigInteger.valueOf(5), shop);
        called(found.getPayment().getPayer() != null && found.getPlaced() != null, found.getId());
        called(port.findOrders("r", null, null, List.of(Status.PLACED, Status.PACKED)) != null, "found");
        port.cancelOrder(BigInteger.valueOf(5), null);
        called(true, "cancelled");
        System.out.println(calls + " calls");
    }

    static NewOrder order() throws Exception {
        Amount price = new Amount();
        price.setValue(new BigDecimal("12.50"));
        price.setCurrency("EUR");
        Line line = new Line();
        line.setSku("A-1");
        line.setQuantity(2);
        line.setDescription("A <shirt> & more");
        line.setPrice(price);
        line.setSize("M");
        Locker locker = new Locker();
        locker.setValue("17");
        locker.setOperator("CTT");
        Card card = new Card();
        card.setPayer("Ana");
        card.setToken("t-1");
        card.setExpires(DatatypeFactory.newInstance().newXMLGregorianCalendar("2027-05"));
        NewOrder order = new NewOrder();
        order.setVersion(new BigDecimal("1.0"));
        order.getLine().add(line);
        order.setLocker(locker);
        order.setPayment(card);
        order.getTags().addAll(List.of("gift", "blue"));
        order.setAttachment(new byte[] {0, 1, -1});
        return order;
    }
}
