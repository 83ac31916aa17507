import java.nio.file.Path;
import org.neo4j.configuration.GraphDatabaseSettings;
import org.neo4j.configuration.connectors.BoltConnector;
import org.neo4j.configuration.helpers.SocketAddress;
import org.neo4j.dbms.api.DatabaseManagementServiceBuilder;

/** Neo4j with Bolt on loopback and without passwords, for the contract suite only. */
public class Main {
  public static void main(String[] args) throws Exception {
    var neo4j =
        new DatabaseManagementServiceBuilder(Path.of(args[0]).toAbsolutePath().normalize())
            .setConfig(BoltConnector.enabled, true)
            .setConfig(
                BoltConnector.listen_address,
                new SocketAddress("127.0.0.1", Integer.parseInt(args[1])))
            .setConfig(GraphDatabaseSettings.auth_enabled, false)
            .build();
    Runtime.getRuntime().addShutdownHook(new Thread(neo4j::shutdown));
    System.out.println("READY");
    // The end of the input is the end of the server, so that it never outlives who started it.
    while (System.in.read() >= 0) {}
    System.exit(0);
  }
}
