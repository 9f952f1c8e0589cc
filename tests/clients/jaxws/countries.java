// JAX-WS calls the countries at both of their ports.
import countries.ArrayOfCountry;
import countries.Continent;
import countries.Countries;
import countries.Countries_Service;
import countries.Country;
import java.math.BigDecimal;
import java.net.URL;
import java.util.List;
import javax.xml.ws.Holder;

class Client extends Calls {
    public static void main(String[] arguments) throws Exception {
        Countries_Service service = new Countries_Service(new URL(arguments[0]));
        for (Countries port : List.of(service.getCountriesSoap(), service.getCountriesSoap12())) {
            Country found = port.getCountry("LK");
            called(found.getCode().length() == 2 && found.getArea() != null && found.getPopulation() >= 0, found.getName());
            Holder<ArrayOfCountry> list = new Holder<>();
            Holder<Long> total = new Holder<>();
            port.listCountries(Continent.ASIA, 3, list, total);
            called(total.value >= 0 && list.value.getCountry() != null, total.value);
            Country added = new Country();
            added.setCode("PT");
            added.setName("Portugal & <all>");
            added.setContinent(Continent.EUROPE);
            added.setPopulation(10_467_366);
            added.setArea(new BigDecimal("92230.00"));
            added.getCurrency().add("EUR");
            String code = port.addCountry(added);
            called(code.length() == 2, code);
        }
        System.out.println(calls + " calls");
    }
}
