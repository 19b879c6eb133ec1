import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * Receives decisions as webhooks: java ReceiveWebhook PORT, port 0 for a free one.
 *
 * <p>$WEBHOOK_SECRETS has the secrets with blanks between them: usually one, two while they are being changed. Needs Java
 * 17 and nothing else; put it behind something that speaks TLS.
 */
public final class ReceiveWebhook {
    private static final long TOLERANCE = 300; // seconds that the sender's clock and ours may differ
    private static final int MOST_BYTES = 1024 * 1024; // of a body; an event has 256 KiB at most

    private final List<SecretKeySpec> keys = new ArrayList<>();

    // With you a table with a unique key, whose rows are kept for 14 days, written in the transaction that acts.
    private final Set<String> acted = ConcurrentHashMap.newKeySet();

    private ReceiveWebhook(String secrets) {
        for (String secret : secrets.trim().split("\\s+")) {
            String encoded = secret.startsWith("whsec_") ? secret.substring("whsec_".length()) : secret;
            keys.add(new SecretKeySpec(Base64.getDecoder().decode(encoded), "HmacSHA256"));
        }
    }

    /** Checks a signature by Standard Webhooks 1.0; the body is what came, before any parser. */
    private boolean isValid(Headers headers, byte[] body, long now) throws GeneralSecurityException {
        String id = headers.getFirst("webhook-id");
        String timestamp = headers.getFirst("webhook-timestamp");
        String signatures = headers.getFirst("webhook-signature");
        if (id == null || signatures == null || timestamp == null || !timestamp.matches("[0-9]{1,12}")) {
            return false;
        }
        if (Math.abs(now - Long.parseLong(timestamp)) > TOLERANCE) {
            return false;
        }
        boolean valid = false;
        for (SecretKeySpec key : keys) {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(key);
            mac.update((id + "." + timestamp + ".").getBytes(StandardCharsets.UTF_8));
            byte[] expected = ("v1," + Base64.getEncoder().encodeToString(mac.doFinal(body))).getBytes(StandardCharsets.UTF_8);
            for (String signature : signatures.trim().split(" +")) { // all of them, each in constant time
                valid |= MessageDigest.isEqual(expected, signature.getBytes(StandardCharsets.UTF_8));
            }
        }
        return valid;
    }

    private int answer(HttpExchange exchange) throws IOException, GeneralSecurityException {
        byte[] body = exchange.getRequestBody().readNBytes(MOST_BYTES + 1);
        if (body.length > MOST_BYTES) {
            return 413;
        }
        Headers headers = exchange.getRequestHeaders();
        if (!isValid(headers, body, System.currentTimeMillis() / 1000)) {
            return 401;
        }
        // The id of the webhook stands for that of the event. Parse the body with your JSON library here, refuse a
        // decidedAt of more than 14 days ago, and let the person in only if the outcome is "live".
        if (acted.add(headers.getFirst("webhook-id"))) {
            System.out.println("decision " + new String(body, StandardCharsets.UTF_8));
        } else {
            System.out.println("again " + headers.getFirst("webhook-id"));
        }
        return 204;
    }

    private void handle(HttpExchange exchange) throws IOException {
        try (exchange) {
            int status = "POST".equals(exchange.getRequestMethod()) ? answer(exchange) : 405;
            exchange.sendResponseHeaders(status, -1);
        } catch (GeneralSecurityException error) {
            throw new IOException(error);
        }
    }

    public static void main(String[] arguments) throws IOException {
        ReceiveWebhook receiver = new ReceiveWebhook(System.getenv("WEBHOOK_SECRETS"));
        HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", Integer.parseInt(arguments[0])), 0);
        server.createContext("/", receiver::handle);
        server.start();
        System.out.println("listening on port " + server.getAddress().getPort());
    }
}
