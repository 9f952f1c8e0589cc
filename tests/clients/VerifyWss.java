// Verifies envelopes that Castile secured with Apache WSS4J: signature, trust, digest, timestamp.
//   VerifyWss.java CERTIFICATE.pem USER PASSWORD ENVELOPE.xml…
import java.io.File;
import java.io.FileInputStream;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import javax.security.auth.callback.Callback;
import javax.security.auth.callback.CallbackHandler;
import javax.xml.parsers.DocumentBuilderFactory;
import org.apache.ws.security.WSConstants;
import org.apache.ws.security.WSDataRef;
import org.apache.ws.security.WSPasswordCallback;
import org.apache.ws.security.WSSConfig;
import org.apache.ws.security.WSSecurityEngine;
import org.apache.ws.security.WSSecurityEngineResult;
import org.apache.ws.security.components.crypto.Merlin;
import org.w3c.dom.Document;
import org.w3c.dom.Element;

public class VerifyWss {
    public static void main(String[] args) throws Exception {
        WSSConfig.init();
        KeyStore trusted = KeyStore.getInstance(KeyStore.getDefaultType());
        trusted.load(null, null);
        try (FileInputStream in = new FileInputStream(args[0])) {
            trusted.setCertificateEntry("castile", CertificateFactory.getInstance("X.509").generateCertificate(in));
        }
        Merlin crypto = new Merlin();
        crypto.setKeyStore(trusted);
        CallbackHandler passwords = callbacks -> {
            for (Callback callback : callbacks) {
                WSPasswordCallback asked = (WSPasswordCallback) callback;
                if (!asked.getIdentifier().equals(args[1])) throw new java.io.IOException("another user");
                asked.setPassword(args[2]);
            }
        };
        for (int i = 3; i < args.length; i++) {
            Document document = parse(args[i]);
            check(new WSSecurityEngine().processSecurityHeader(document, null, passwords, crypto));
            Element body = (Element) document.getElementsByTagNameNS("*", "Body").item(0);
            body.appendChild(document.createElement("more"));
            try {
                new WSSecurityEngine().processSecurityHeader(document, null, passwords, crypto);
            } catch (org.apache.ws.security.WSSecurityException expected) {
                continue;
            }
            throw new AssertionError("a changed Body passes");
        }
        System.out.println((args.length - 3) + " verified");
    }

    static Document parse(String path) throws Exception {
        DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
        factory.setNamespaceAware(true);
        return factory.newDocumentBuilder().parse(new File(path));
    }

    static void check(List<WSSecurityEngineResult> results) {
        Set<Integer> actions = new HashSet<>();
        Set<String> signed = new HashSet<>();
        for (WSSecurityEngineResult result : results) {
            int action = (Integer) result.get(WSSecurityEngineResult.TAG_ACTION);
            actions.add(action);
            if (action == WSConstants.SIGN) {
                for (WSDataRef ref : (List<WSDataRef>) result.get(WSSecurityEngineResult.TAG_DATA_REF_URIS)) {
                    signed.add(ref.getName().getLocalPart());
                }
            }
        }
        for (int needed : new int[] {WSConstants.SIGN, WSConstants.UT, WSConstants.TS, WSConstants.BST}) {
            if (!actions.contains(needed)) throw new AssertionError("action " + needed + " is missing in " + actions);
        }
        for (String part : new String[] {"Body", "Timestamp", "UsernameToken", "BinarySecurityToken"}) {
            if (!signed.contains(part)) throw new AssertionError(part + " is not signed: " + signed);
        }
    }
}
