// JAX-WS RI 2.3 with the stubs of wsimport, Jackson, and the JDK's HTTP server: POST /OPERATION with JSON.   Peer WSDL PORT
import bench.records.*;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.databind.*;
import com.fasterxml.jackson.module.jaxb.JaxbAnnotationModule;
import com.sun.net.httpserver.HttpServer;
import java.io.File;
import java.lang.reflect.Method;
import java.net.InetSocketAddress;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.Executors;

public class Peer {
  public static void main(String[] arguments) throws Exception {
    ObjectMapper json = new ObjectMapper();
    json.registerModule(new JaxbAnnotationModule());
    json.disable(SerializationFeature.WRITE_DATES_AS_TIMESTAMPS);
    json.configure(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES, false);
    json.setSerializationInclusion(JsonInclude.Include.NON_NULL);
    // The lists of generated classes have a getter only.
    json.configure(MapperFeature.USE_GETTERS_AS_SETTERS, true);
    RecordsService service = new RecordsService(new File(arguments[0]).toURI().toURL());
    Map<String, Method> operations = new HashMap<>();
    for (Method m : RecordsPort.class.getMethods()) {
      if (m.getParameterCount() == 1) operations.put(Character.toUpperCase(m.getName().charAt(0)) + m.getName().substring(1), m);
    }
    ThreadLocal<RecordsPort> port = ThreadLocal.withInitial(() -> { synchronized (service) { return service.getRecordsPort(); } });
    HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", Integer.parseInt(arguments[1])), 1024);
    server.setExecutor(Executors.newFixedThreadPool(16));
    server.createContext("/", call -> {
      byte[] answer;
      int status = 200;
      try {
        Method operation = operations.get(call.getRequestURI().getPath().substring(1));
        Object request = json.readValue(call.getRequestBody(), operation.getParameterTypes()[0]);
        answer = json.writeValueAsBytes(operation.invoke(port.get(), request));
      } catch (Throwable thrown) {
        status = 502;
        Throwable cause = thrown.getCause() != null ? thrown.getCause() : thrown;
        answer = json.writeValueAsBytes(Map.of("error", String.valueOf(cause.getMessage())));
      }
      call.getResponseHeaders().set("Content-Type", "application/json");
      call.sendResponseHeaders(status, answer.length);
      call.getResponseBody().write(answer);
      call.close();
    });
    server.start();
  }
}
