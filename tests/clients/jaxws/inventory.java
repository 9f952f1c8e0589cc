// JAX-WS calls the inventory: rpc/literal, a one-way operation, an operation without output parts.
import inventory.Count;
import inventory.Inventory;
import inventory.Inventory_Service;
import inventory.Location;
import inventory.StockLevels;
import java.net.URL;
import javax.xml.ws.Holder;

class Client extends Calls {
    public static void main(String[] arguments) throws Exception {
        Inventory port = new Inventory_Service(new URL(arguments[0])).getInventorySoap();
        Location place = new Location();
        place.setWarehouse("north");
        place.setAisle((short) 3);
        place.setBin("b");
        Holder<StockLevels> levels = new Holder<>();
        Holder<Long> total = new Holder<>();
        port.stockOf("A-000001", 0, levels, total);
        called(total.value >= 0 && levels.value.getLevel() != null, total.value);
        called(port.move("A-000001", 5, place, place) != null, "moved");
        Count count = new Count();
        count.setBy("Rui");
        count.setSku("A-000001");
        count.setLocation(place);
        count.setQuantity(7);
        port.counted(count);
        called(true, "counted");
        port.empty(place);
        called(true, "emptied");
        System.out.println(calls + " calls");
    }
}
