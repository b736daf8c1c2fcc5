// One HDFS in one process, for tests: NameNodes, a DataNode, an HttpFS gateway, all on loopback.
//
//   java -cp … MiniDfs FOLDER HTTP_PORT[,HTTP_PORT] HTTPFS_PORT [KEY=VALUE]...
//
// Two ports make a pair of NameNodes, of which the first begins as the active one; HTTPFS_PORT 0 leaves the gateway out.
// Prints "ready" when all of it answers. Then each line of stdin is a command, answered by "ok" or "error: …":
//
//   safemode on|off        kill|start|restart datanode        kill|start|restart namenode [N]
//   active N               makes NameNode N the active one and the other a standby
//   chmod MODE PATH        quota BYTES PATH (0: none again)
//
// Ends with its stdin.
import java.io.BufferedReader;
import java.io.File;
import java.io.InputStreamReader;
import java.nio.file.Files;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.permission.FsPermission;
import org.apache.hadoop.hdfs.DistributedFileSystem;
import org.apache.hadoop.hdfs.MiniDFSCluster;
import org.apache.hadoop.hdfs.MiniDFSNNTopology;
import org.apache.hadoop.hdfs.protocol.HdfsConstants;

public class MiniDfs {
  // How long a writer waits before it asks again whether its last block has been reported; 400 by default, a test's age.
  private static final String CLOSE_DELAY = "dfs.client.block.write.locateFollowingBlock.initial.delay.ms";

  private final Configuration conf = new Configuration();
  private final File folder;
  private final int nameNodes;
  private final MiniDFSCluster cluster;
  private MiniDFSCluster.DataNodeProperties stopped;
  private int active = 0;

  private MiniDfs(File folder, String[] ports, String[] settings, int settingsBegin) throws Exception {
    this.folder = folder;
    nameNodes = ports.length;
    configure(settings, settingsBegin);
    boolean fresh = !new File(folder, "made").exists();
    MiniDFSCluster.Builder builder = new MiniDFSCluster.Builder(conf, new File(folder, "dfs"))
        .nnTopology(topology(ports)).numDataNodes(1).format(fresh).checkDataNodeHostConfig(true);
    cluster = builder.build();
    if (nameNodes > 1) cluster.transitionToActive(0);
    cluster.waitActive();
    if (fresh) {
      fileSystem().setPermission(new Path("/"), new FsPermission((short) 0777));
      new File(folder, "made").createNewFile();
    }
  }

  // Redirects carry the DataNode's own name, so loopback stands everywhere as a number. Requests without the header
  // against cross-site forgery are refused, so that a client that leaves it out is found.
  private void configure(String[] settings, int begin) {
    conf.set("dfs.namenode.http-bind-host", "127.0.0.1");
    conf.set("dfs.namenode.rpc-bind-host", "127.0.0.1");
    conf.set("dfs.datanode.hostname", "127.0.0.1");
    conf.set("dfs.webhdfs.rest-csrf.enabled", "true");
    conf.set("dfs.webhdfs.rest-csrf.browser-useragents-regex", ".*");
    conf.set(CLOSE_DELAY, "20");
    conf.set("dfs.heartbeat.interval", "1");
    conf.set("dfs.namenode.heartbeat.recheck-interval", "500");
    conf.set("dfs.namenode.safemode.extension", "0");
    conf.set("dfs.namenode.redundancy.considerLoad", "false");
    // How a DataNode finds the active NameNode of a pair.
    conf.set("dfs.client.failover.proxy.provider.pair",
        "org.apache.hadoop.hdfs.server.namenode.ha.ConfiguredFailoverProxyProvider");
    if (nameNodes > 1) conf.set("fs.defaultFS", "hdfs://pair");
    conf.set("dfs.replication", "1");
    conf.set("dfs.permissions.enabled", "true");
    conf.set("hadoop.security.group.mapping", "org.apache.hadoop.security.NullGroupsMapping");
    conf.set("hadoop.proxyuser." + System.getProperty("user.name") + ".hosts", "*");
    conf.set("hadoop.proxyuser." + System.getProperty("user.name") + ".groups", "*");
    for (int i = begin; i < settings.length; ++i) {
      int equals = settings[i].indexOf('=');
      conf.set(settings[i].substring(0, equals), settings[i].substring(equals + 1));
    }
  }

  private MiniDFSNNTopology topology(String[] ports) {
    if (ports.length == 1) return MiniDFSNNTopology.simpleSingleNN(conf.getInt("test.rpc.port", 0), Integer.parseInt(ports[0]));
    MiniDFSNNTopology.NSConf service = new MiniDFSNNTopology.NSConf("pair");
    for (int i = 0; i < ports.length; ++i) {
      service.addNN(new MiniDFSNNTopology.NNConf("nn" + i).setHttpPort(Integer.parseInt(ports[i])));
    }
    return new MiniDFSNNTopology().addNameservice(service);
  }

  private DistributedFileSystem fileSystem() throws Exception { return cluster.getFileSystem(active); }

  // HttpFS reads what it needs from files and system properties; its class is closed to other packages.
  private void startGateway(int port) throws Exception {
    File home = new File(folder, "httpfs");
    for (String name : new String[] {"conf", "log", "temp"}) {
      new File(home, name).mkdirs();
      System.setProperty("httpfs." + (name.equals("conf") ? "config" : name) + ".dir", new File(home, name).getPath());
    }
    System.setProperty("httpfs.home.dir", home.getPath());
    Files.writeString(new File(home, "conf/httpfs-signature.secret").toPath(), "a secret of the test");
    Files.writeString(new File(home, "conf/httpfs-log4j.properties").toPath(), "log4j.rootLogger=WARN\n");
    write(new File(home, "conf/core-site.xml"), "fs.defaultFS", "hdfs://127.0.0.1:" + cluster.getNameNodePort(0),
        CLOSE_DELAY, "20");
    String proxy = "httpfs.proxyuser." + System.getProperty("user.name");
    write(new File(home, "conf/httpfs-site.xml"), proxy + ".hosts", "*", proxy + ".groups", "*");
    Configuration own = new Configuration(false);
    own.set("httpfs.http.hostname", "127.0.0.1");
    own.setInt("httpfs.http.port", port);
    Class<?> type = Class.forName("org.apache.hadoop.fs.http.server.HttpFSServerWebServer");
    var constructor = type.getDeclaredConstructor(Configuration.class, Configuration.class);
    constructor.setAccessible(true);
    type.getMethod("start").invoke(constructor.newInstance(own, new Configuration(false)));
  }

  private static void write(File file, String... settings) throws Exception {
    StringBuilder text = new StringBuilder("<configuration>");
    for (int i = 0; i < settings.length; i += 2) {
      text.append("<property><name>" + settings[i] + "</name><value>" + settings[i + 1] + "</value></property>");
    }
    Files.writeString(file.toPath(), text + "</configuration>");
  }

  private void safeMode(String state) throws Exception {
    cluster.getNameNodeRpc(active).setSafeMode(state.equals("on") ? HdfsConstants.SafeModeAction.SAFEMODE_ENTER
                                                                  : HdfsConstants.SafeModeAction.SAFEMODE_LEAVE, false);
  }

  private void dataNode(String verb) throws Exception {
    if (!verb.equals("start")) stopped = cluster.stopDataNode(0);
    if (verb.equals("kill")) return;
    cluster.restartDataNode(stopped, true);
    cluster.waitActive(active);
  }

  private void nameNode(String verb, int number) throws Exception {
    if (!verb.equals("start")) cluster.shutdownNameNode(number);
    if (verb.equals("kill")) return;
    cluster.restartNameNode(number, nameNodes == 1);
    if (nameNodes > 1 && number == active) makeActive(number);
  }

  private void makeActive(int number) throws Exception {
    if (number != active && cluster.getNameNode(active) != null && cluster.getNameNode(active).isActiveState()) {
      cluster.transitionToStandby(active);
    }
    active = number;
    cluster.transitionToActive(number);
    cluster.waitActive(number);  // until the DataNode has found it
  }

  private void command(String[] words) throws Exception {
    switch (words[0]) {
      case "safemode" -> safeMode(words[1]);
      case "active" -> makeActive(Integer.parseInt(words[1]));
      case "chmod" -> fileSystem().setPermission(new Path(words[2]), new FsPermission(Short.parseShort(words[1], 8)));
      case "quota" -> fileSystem().setQuota(new Path(words[2]), HdfsConstants.QUOTA_DONT_SET,
          words[1].equals("0") ? HdfsConstants.QUOTA_RESET : Long.parseLong(words[1]));
      case "kill", "start", "restart" -> {
        if (words[1].equals("datanode")) dataNode(words[0]);
        else nameNode(words[0], words.length > 2 ? Integer.parseInt(words[2]) : 0);
      }
      default -> throw new IllegalArgumentException("no such command");
    }
  }

  private static final Logger JERSEY = Logger.getLogger("com.sun.jersey");  // pages of warnings about its own classes

  public static void main(String[] arguments) throws Exception {
    JERSEY.setLevel(Level.SEVERE);
    MiniDfs dfs = new MiniDfs(new File(arguments[0]).getAbsoluteFile(), arguments[1].split(","), arguments, 3);
    if (!arguments[2].equals("0")) dfs.startGateway(Integer.parseInt(arguments[2]));
    System.out.println("ready");
    BufferedReader lines = new BufferedReader(new InputStreamReader(System.in));
    for (String line; (line = lines.readLine()) != null;) {
      try {
        dfs.command(line.trim().split(" +"));
        System.out.println("ok");
      } catch (Exception error) {
        System.out.println("error: " + error.toString().replace('\n', ' '));
      }
      System.out.flush();
    }
    Runtime.getRuntime().halt(0);
  }
}
